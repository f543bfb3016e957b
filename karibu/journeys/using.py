"""Which journeys send which templates and ask for which segments, for the pages of these."""

import json
from collections.abc import Collection

from django.db.models import F

from karibu.journeys.models import Journey, Version
from karibu.segments import usage


def templates(keys: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """{template key: [(journey's name, its address)]}, for those that may be edited or are live."""
    found: dict[str, list[tuple[str, str]]] = {}
    for journey in Journey.objects.order_by("name"):
        written = json.dumps(journey.definition)
        for key in keys:
            if f'"template": "{key}"' in written:
                found.setdefault(key, []).append((journey.name, f"/journeys/{journey.pk}/"))
    return found


def segments(number: int) -> list[tuple[str, str]]:
    """The journeys that ask for this segment, as they are edited or as they are published."""
    published = Version.objects.filter(number=F("journey__version")).values_list("journey_id", "definition")
    written = dict(published)
    return [
        (journey.name, f"/journeys/{journey.pk}/")
        for journey in Journey.objects.order_by("name", "pk")
        if usage.speaks_of([journey.definition, written.get(journey.pk)], number)
    ]
