"""Why somebody has not come through a door that no event opens: a segment, a hand, a date, a product, a prediction."""

from django.utils.translation import gettext as _

from karibu.journeys.definition import Definition
from karibu.journeys.entries import segment_name
from karibu.journeys.models import Journey
from karibu.segments.models import Member
from karibu.web import formats


def why_not_through(journey: Journey, definition: Definition, customer_id: int) -> list[str]:
    """What the person waits for; the rules of re-entry have been asked already."""
    entry = definition.entry
    if entry.by_hand:
        return [_("Nobody has put this person in: a colleague, the API or another journey does that.")]
    if entry.segment is not None:
        return [_about_segment(journey, entry.segment, customer_id, is_left=entry.left)]
    words = {"does": entry.sentence()}
    return [_("Their moment has not come since the journey was published. It is when someone %(does)s.") % words]


def _about_segment(journey: Journey, segment: int, customer_id: int, *, is_left: bool) -> str:
    words = {"name": segment_name(segment)}
    since = Member.objects.filter(segment_id=segment, customer_id=customer_id).values_list("since", flat=True).first()
    if is_left:
        if since:
            return _("This person is still in the segment “%(name)s”; they enter when they leave it.") % words
        return _("This person has not left the segment “%(name)s” since the journey was published.") % words
    if since is None:
        return _("This person is not in the segment “%(name)s”; they enter when they come into it.") % words
    words["when"] = formats.moment(since)
    first = journey.versions.order_by("number").values_list("published_at", flat=True).first()
    if first and since < first:
        return _("They came into the segment “%(name)s” %(when)s, before the journey was published.") % words
    return _("They came into the segment “%(name)s” %(when)s, while the journey let nobody in.") % words
