"""Who asks for a segment: upper apps say so, for its page, before it goes into the archive."""

from collections.abc import Callable, Mapping
from typing import Any

from karibu.segments.models import Segment

Users = list[tuple[str, str]]  # what each is called, and its address
Lister = Callable[[int], Users]
_listers: list[Lister] = []


def register(lister: Lister) -> None:
    """`lister(segment's number)`: those for whom it matters who is in it."""
    if lister not in _listers:
        _listers.append(lister)


def of(number: int) -> Users:
    return [user for lister in (_segments, *_listers) for user in lister(number)]


def speaks_of(written: Any, number: int) -> bool:
    """Whether a definition, of whatever, names the segment."""
    if isinstance(written, Mapping):
        return written.get("segment") == number or any(speaks_of(one, number) for one in written.values())
    return isinstance(written, list) and any(speaks_of(one, number) for one in written)


def _segments(number: int) -> Users:
    others = Segment.objects.filter(archived_at=None).exclude(pk=number).order_by("name", "pk")
    rows = others.values_list("name", "pk", "definition")
    return [(name, f"/segments/{pk}/") for name, pk, definition in rows if speaks_of(definition, number)]
