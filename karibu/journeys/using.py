"""Which journeys send which templates, for the list of templates."""

import json
from collections.abc import Collection

from karibu.journeys.models import Journey


def templates(keys: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """{template key: [(journey's name, its address)]}, for those that may be edited or are live."""
    found: dict[str, list[tuple[str, str]]] = {}
    for journey in Journey.objects.order_by("name"):
        written = json.dumps(journey.definition)
        for key in keys:
            if f'"template": "{key}"' in written:
                found.setdefault(key, []).append((journey.name, f"/journeys/{journey.pk}/"))
    return found
