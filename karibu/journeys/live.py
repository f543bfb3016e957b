"""What the pipeline needs to know of the journeys that run: which events concern which of them.

Parsed once per process and kept until a journey is published, paused or resumed; a batch asks with one small query.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection

from karibu.journeys.definition import Definition, DefinitionError, Exit, Goal, parse
from karibu.journeys.events import EventRule
from karibu.journeys.steps.check import Check
from karibu.journeys.steps.wait import Wait
from karibu.journeys.steps.wait_for import WaitFor

log = logging.getLogger("karibu.journeys")
Stamp = tuple[tuple[Any, ...], ...]
OLDER_VERSIONS = 10  # kept in sight besides those with people inside: a batch under way may still enter them


@dataclass(frozen=True)
class Way:
    """One version of one journey; open when new people may enter. `asked` are the properties that its checks name."""

    journey_id: int
    version: int
    definition: Definition
    is_open: bool
    asked: frozenset[str] = frozenset()


@dataclass
class Rules:
    """By event name: the ways in, the ways out with their exit, and who waits for it before which step.

    `segments` are open ways in by the segment, `by_hand` by the journey, `timed` have a clock, `goods` wait for what
    changes with a product, `predicted` for a prediction. `goals` and `exits` are ways out, `out` those by the segment.
    """

    entries: dict[str, list[Way]] = field(default_factory=lambda: defaultdict(list))
    exits: dict[str, list[tuple[Way, Exit]]] = field(default_factory=lambda: defaultdict(list))
    quiet: list[tuple[int, int, int, timedelta]] = field(default_factory=list)  # journey, version, step, length
    awaited: dict[str, list[tuple[Way, int, EventRule]]] = field(default_factory=lambda: defaultdict(list))
    segments: dict[int, list[Way]] = field(default_factory=lambda: defaultdict(list))
    by_hand: dict[int, Way] = field(default_factory=dict)
    timed: list[Way] = field(default_factory=list)
    goods: list[Way] = field(default_factory=list)
    predicted: dict[str, list[Way]] = field(default_factory=lambda: defaultdict(list))
    goals: dict[str, list[tuple[Way, Goal]]] = field(default_factory=lambda: defaultdict(list))
    out: dict[int, list[tuple[Way, Exit]]] = field(default_factory=lambda: defaultdict(list))

    def concern(self, name: str) -> bool:
        return name in self.entries or name in self.exits or name in self.awaited or name in self.goals


_kept: dict[Stamp, Rules] = {}
MOST_KEPT = 8  # what is live, and what rehearsals of this process have for live


def rules(cursor: Any) -> Rules:
    """The rules in force in this transaction."""
    cursor.execute("SELECT id, status, version, published_at FROM journeys_journey WHERE status <> 'draft' ORDER BY id")
    stamp = tuple(cursor.fetchall())
    kept = _kept.get(stamp)
    if kept is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[stamp] = _load(cursor, {row[0]: (row[1], row[2]) for row in stamp})
    return kept


def _load(cursor: Any, journeys: dict[int, tuple[str, int]]) -> Rules:
    cursor.execute(
        "SELECT v.journey_id, v.number FROM journeys_version v JOIN journeys_journey j ON j.id = v.journey_id "
        "WHERE j.status <> 'draft' AND (v.number > j.version - %s OR EXISTS (SELECT 1 FROM journeys_enrollment e "
        "WHERE e.journey_id = v.journey_id AND e.version = v.number AND e.status = 'active'))",
        [OLDER_VERSIONS],
    )
    found = Rules()
    for journey_id, number in cursor.fetchall():
        status, current = journeys[journey_id]
        is_open = status == "live" and number == current
        written = readable(journey_id, number)
        if written is None:
            # Of another release of Karibu: that one journey stands still, and no event is held up for it.
            log.error("journey %s, version %s cannot be read", journey_id, number)
            continue
        _add(found, Way(journey_id, number, written, is_open, asked(written)))
    return found


def _add(found: Rules, way: Way) -> None:
    # A paused journey or an older version takes nobody in, but a person inside may still put more into the cart.
    for name in way.definition.entry.names if way.is_open or _quiet_steps(way) else []:
        found.entries[name].append(way)
    if way.is_open:
        _add_doors(found, way)
    for position, step in enumerate(way.definition.steps):
        if isinstance(step, WaitFor):
            for name in step.happens.names:
                found.awaited[name].append((way, position, step.happens))
    _add_ends(found, way)
    found.quiet.extend(_quiet_steps(way))


def _add_doors(found: Rules, way: Way) -> None:
    """Those that no event opens."""
    entry = way.definition.entry
    if entry.segment is not None:
        found.segments[entry.segment].append(way)
    if entry.by_hand:
        found.by_hand[way.journey_id] = way
    if entry.date or entry.schedule:
        found.timed.append(way)
    if entry.product:
        found.goods.append(way)
    if entry.prediction:
        found.predicted[entry.prediction.name].append(way)


def _add_ends(found: Rules, way: Way) -> None:
    goal = way.definition.goal
    if goal:
        for name in goal.names:
            found.goals[name].append((way, goal))
    for exit_ in way.definition.exits:
        for name in exit_.names:
            found.exits[name].append((way, exit_))
    for end in (goal, *way.definition.exits):
        if end and end.segment is not None:
            found.out[end.segment].append((way, end))


def asked(definition: Definition) -> frozenset[str]:
    """The properties that its checks look at."""
    return frozenset(step.entry.property for step in definition.steps if isinstance(step, Check))


def _quiet_steps(way: Way) -> list[tuple[int, int, int, timedelta]]:
    steps = enumerate(way.definition.steps)
    return [(way.journey_id, way.version, i, s.length) for i, s in steps if isinstance(s, Wait) and s.quiet]


@lru_cache(maxsize=1000)
def definition(journey_id: int, version: int) -> Definition:
    """A published definition: it never changes, so it is parsed once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT definition FROM journeys_version WHERE journey_id = %s AND number = %s", [journey_id, version]
        )
        return parse(decoded(cursor.fetchone()[0]))


def readable(journey_id: int, version: int) -> Definition | None:
    """As definition(); None where this release cannot read it: pages and reports do without that version."""
    try:
        return definition(journey_id, version)
    except DefinitionError:
        return None


def decoded(value: Any) -> Any:
    """JSON from the database, whichever of the two kinds of cursor it came through."""
    return msgspec.json.decode(value) if isinstance(value, str) else value
