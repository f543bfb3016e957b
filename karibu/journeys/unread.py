"""Versions that this release cannot read, because another one published them: said, and left by retry."""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from karibu.journeys import live
from karibu.journeys.layout import names
from karibu.journeys.models import AT_THE_DOOR, Enrollment, Journey, Version


def said(version: int) -> str:
    return _("Stands still: version %(n)s of the journey cannot be read by this release of Karibu") % {"n": version}


def into_published(those: QuerySet[Enrollment]) -> None:
    """Whose version cannot be read stands in the published one, before the same step or the next that it has."""
    for journey_id, version in set(those.order_by().values_list("journey_id", "version")):
        if live.readable(journey_id, version) is None:
            _into_published(those.filter(journey_id=journey_id, version=version), journey_id, version)


def _into_published(those: QuerySet[Enrollment], journey_id: int, version: int) -> None:
    published = Journey.objects.get(pk=journey_id).version
    definition = live.readable(journey_id, published)
    if definition is None:
        return  # they are set aside again when their turn comes
    there = {place.id: place.position for place in definition.layout.places}
    raw = Version.objects.get(journey=journey_id, number=version).definition
    old = list(names(raw.get("steps", [])))
    for step in those.order_by().values_list("step", flat=True).distinct():
        ahead = [AT_THE_DOOR] if step == AT_THE_DOOR else [there[name] for name in old[step:] if name in there]
        if ahead:
            those.filter(step=step).update(version=published, step=ahead[0])
