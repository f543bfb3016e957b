"""The steps of a journey laid out: a tree in the definition, a list of places in the engine.

A step may have ways (`{"branch": {...}, "ways": {"yes": [steps], "no": [steps]}}`); behind the last step of a way the
journey goes on with what follows the whole step. Steps are numbered as they stand in the text, a step before its ways:
a journey without ways is numbered from first to last, and whatever is added behind a step does not renumber it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from karibu.journeys import ids, steps
from karibu.journeys.steps import Step
from karibu.segments.faults import DefinitionError

MAX_STEPS = 100
DEEPEST = 8
Address = tuple[int | str, ...]  # (0, "yes", 1): the second step on the way "yes" of the first


@dataclass(frozen=True)
class Place:
    """One step and where it stands. `path` is its JSON path; `ways` are the places that begin below it; `id` is what it
    is called in every version."""

    position: int
    step: Step
    path: str
    address: Address
    id: str
    ways: Mapping[str, Sequence["Place"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """`first` are the places of the outermost list, `places` all of them by position, `_next` where each way leads."""

    first: Sequence[Place]
    places: Sequence[Place]
    _next: Mapping[tuple[int, str], int | None]

    def after(self, position: int, way: str = "") -> int | None:
        """Where somebody goes who leaves this step by `way` (one that it does not have leads on); None: the end."""
        return self._next.get((position, way), self._next[position, ""])


def lay_out(raw: Sequence[Any], path: str = "$.steps") -> Layout:
    """Raises DefinitionError, which names the path."""
    if not raw:
        raise DefinitionError(path, _("A journey needs at least one step."))
    places: list[Place] = []
    first = _lay(raw, path, (), places)
    _check_ids(places)
    following: dict[tuple[int, str], int | None] = {}
    _link(first, None, following)
    return Layout(first, sorted(places, key=lambda place: place.position), following)


def names(raw: Sequence[Any], above: Address = ()) -> Iterator[str]:
    """The ids by position, also of steps that this release cannot read."""
    for i, step in enumerate(raw):
        yield ids.of(step, (*above, i))
        below = step.get("ways", {})
        try:
            order: Sequence[str] = steps.parse(step, "$").ways()
        except DefinitionError:
            order = list(below)
        for way in order:
            yield from names(below.get(way, []), (*above, i, way))


def _lay(raw: Sequence[Any], path: str, address: Address, places: list[Place]) -> list[Place]:
    if len(address) > 2 * DEEPEST:
        raise DefinitionError(path, _("Ways within ways go at most %(n)s deep.") % {"n": DEEPEST})
    return [_place(step, f"{path}[{i}]", (*address, i), places) for i, step in enumerate(raw)]


def _place(raw: Any, path: str, address: Address, places: list[Place]) -> Place:
    step = steps.parse(raw, path)
    made: dict[str, list[Place]] = {}
    place = Place(_numbered(places), step, path, address, ids.of(raw, address), made)
    places.append(place)
    for way in step.ways() if "ways" in raw or step.must_branch() else ():
        made[way] = _lay(raw.get("ways", {}).get(way, []), f"{path}.ways.{way}", (*address, way), places)
    return place


def _check_ids(places: Sequence[Place]) -> None:
    seen: set[str] = set()
    for place in places:
        if place.id in seen:
            raise DefinitionError(f"{place.path}.id", _("Another step has this id already: %(id)s.") % {"id": place.id})
        seen.add(place.id)


def _numbered(places: Sequence[Place]) -> int:
    if len(places) >= MAX_STEPS:
        raise DefinitionError("$.steps", _("A journey has at most %(n)s steps.") % {"n": MAX_STEPS})
    return len(places)


def _link(places: Sequence[Place], behind: int | None, following: dict[tuple[int, str], int | None]) -> None:
    for place, later in zip(places, [*places[1:], None], strict=False):
        on = later.position if later else behind
        following[place.position, ""] = on
        for way, within in place.ways.items():
            following[place.position, way] = within[0].position if within else on
            _link(within, on, following)
