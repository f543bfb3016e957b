"""How far one claim gets: each group through its step, and whoever is due at the next one at once through that, too.

Steps do what they do (messages, traits, consents) in the transaction of the claim. Where people stand afterwards and
what they went through is noted here and written at the end, all in three statements, however many steps it was.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.journeys import among, draw, live
from karibu.journeys.definition import Definition
from karibu.journeys.models import AT_THE_DOOR
from karibu.journeys.steps import Group, Outcome, Traveller
from karibu.journeys.steps.base import OF_A_STEP, Past
from karibu.journeys.steps.send import Send

Where = tuple[int, int]  # version, position
NO_MORE = "no longer among those it is for"
SAME = ""  # instead of a context that has not changed


@dataclass
class Walk:
    """`standing` is who stands where and is due.

    With a `past` it is a rehearsal: each goes on at their own due time, up to where the past has something for them.
    """

    journey_id: int
    now: datetime
    standing: dict[Where, list[Traveller]] = field(default_factory=dict)
    past: Past | None = None
    # enrollment, version, step, kind, outcome, at
    passed: list[tuple[int, int, int, str, str, datetime]] = field(default_factory=list)
    waiting: list[tuple[int, int, datetime, datetime, str]] = field(default_factory=list)  # step, due, arrived, context
    ended: list[tuple[int, int, str, str, str, datetime]] = field(default_factory=list)  # step, status, reason, context
    forgotten: list[int] = field(default_factory=list)  # whom the filter did not let in: they were never here
    changed: set[int] = field(default_factory=set)  # whose context is no longer what the row says

    def go(self, most: int) -> None:
        """Everybody as far as they come at `now`, at most so many groups; nothing of where they stand is written yet.

        Who could go on then is left in `standing`.
        """
        while self.standing and most:
            # The earliest first: people who went different ways meet again and are one group from there on.
            where = min(self.standing)
            self._through(where, self.standing.pop(where))
            most -= 1

    def take_out(self, status: str, reason: str) -> None:
        """All who stand somewhere end there."""
        for (_version, position), travellers in self.standing.items():
            self.ended += [(t.id, position, status, reason[:300], SAME, self._moment(t)) for t in travellers]
        self.standing = {}

    def _through(self, where: Where, travellers: Sequence[Traveller]) -> None:
        version, position = where
        definition = live.definition(self.journey_id, version)
        group = Group(self.journey_id, version, position, travellers, self.now, past=self.past)
        if position == AT_THE_DOOR:
            self._let_in(group, definition)
            return
        place = definition.layout.places[position]
        if isinstance(place.step, Send):
            travellers = self._still_meant(group, definition)
        if not travellers:
            return
        group = replace(group, travellers=travellers, branches=bool(place.ways))
        outcomes = place.step.rehearse(group) if self.past else place.step.take(group)
        arriving: dict[int | None, list[Traveller]] = defaultdict(list)
        for traveller, outcome in zip(travellers, outcomes, strict=True):
            if outcome.again:
                stays = self._knowing(traveller, outcome)
                self.waiting.append(self._row(stays, position, outcome.again, traveller.arrived_at))
                continue
            self.passed.append(
                (traveller.id, version, position, place.step.KIND, outcome.words[:200], self._moment(traveller))
            )
            after = self._behind(traveller, outcome)
            if outcome.leaves:
                self._end(after, position, "left", outcome.words[:300])
            else:
                arriving[definition.layout.after(position, outcome.way)].append(after)
        for ahead, those in arriving.items():
            self._arrive(version, definition, ahead, those)

    def _let_in(self, group: Group, definition: Definition) -> None:
        """Who meets the filter stands before the first step from when they came; the others were never here.

        Of those who meet it chance holds a share out, and the history says of each which it was.
        """
        fitting = group.travellers
        if definition.filter is not None:
            meant = among.inside(definition.filter, group)
            fitting = [traveller for traveller in group.travellers if traveller.id in meant]
            self.forgotten += [traveller.id for traveller in group.travellers if traveller.id not in meant]
        self._arrive(group.version, definition, 0, self._drawn(group.version, definition.holdout, fitting))

    def _drawn(self, version: int, percent: int, travellers: Sequence[Traveller]) -> list[Traveller]:
        """Those who are not held out."""
        if not percent:
            return list(travellers)
        let_in = []
        for traveller in travellers:
            is_held = draw.is_held(traveller.customer_id, percent, self.journey_id)
            said, moment = draw.HELD if is_held else draw.LET_IN, self._moment(traveller)
            self.passed.append((traveller.id, version, AT_THE_DOOR, draw.KIND, said, moment))
            if is_held:
                self._end(traveller, AT_THE_DOOR, "held", "")
            else:
                let_in.append(traveller)
        return let_in

    def _still_meant(self, group: Group, definition: Definition) -> Sequence[Traveller]:
        """Who still meets the filter before something is sent; the others leave."""
        if definition.filter is None:
            return group.travellers
        fitting = among.inside(definition.filter, group)
        for traveller in group.travellers:
            if traveller.id not in fitting:
                self._end(traveller, group.step, "left", NO_MORE)
        return [traveller for traveller in group.travellers if traveller.id in fitting]

    def _moment(self, traveller: Traveller) -> datetime:
        return traveller.due_at or self.now if self.past else self.now

    def _behind(self, traveller: Traveller, outcome: Outcome) -> Traveller:
        """The same run behind the step: what it has learnt, without the marks that were for this step."""
        context = traveller.context
        has_changed = outcome.context or not OF_A_STEP.isdisjoint(context)
        if not has_changed and traveller.arrived_at is self.now:
            return traveller
        if has_changed:
            kept = {name: value for name, value in context.items() if name not in OF_A_STEP}
            context = {**kept, **(outcome.context or {})}
            self.changed.add(traveller.id)
        # Written out, here and in _due(): replace() would take as long as all the rest of a step.
        return Traveller(
            id=traveller.id,
            customer_id=traveller.customer_id,
            key=traveller.key,
            run=traveller.run,
            arrived_at=self._moment(traveller),
            context=context,
            due_at=traveller.due_at,
            until=traveller.until,
        )

    def _knowing(self, traveller: Traveller, outcome: Outcome) -> Traveller:
        """The same run, still before the step, with what it has learnt there."""
        if not outcome.context:
            return traveller
        self.changed.add(traveller.id)
        return msgspec.structs.replace(traveller, context={**traveller.context, **outcome.context})

    def _arrive(self, version: int, definition: Definition, position: int | None, travellers: list[Traveller]) -> None:
        if not travellers:
            return
        if position is None:
            end = len(definition.steps)
            for traveller in travellers:
                self._end(traveller, end, "finished", "")
            return
        dues = definition.steps[position].dues([t.customer_id for t in travellers], [t.arrived_at for t in travellers])
        for traveller, due in zip(travellers, dues, strict=True):
            if due < traveller.until if traveller.until else due <= self.now:
                here = _due(traveller, due) if self.past else traveller
                self.standing.setdefault((version, position), []).append(here)
            else:
                self.waiting.append(self._row(traveller, position, due, traveller.arrived_at))

    def _row(
        self, traveller: Traveller, position: int, due: datetime, arrived: datetime
    ) -> tuple[int, int, datetime, datetime, str]:
        return traveller.id, position, due, arrived, self._context(traveller)

    def _end(self, traveller: Traveller, position: int, status: str, reason: str) -> None:
        end = (traveller.id, position, status, reason, self._context(traveller), self._moment(traveller))
        self.ended.append(end)

    def _context(self, traveller: Traveller) -> str:
        return written(traveller.context) if traveller.id in self.changed else SAME

    def write(self) -> None:
        """Where everybody stands now, and what they went through."""
        own = with_bulk_arrays(cursor())
        for (_version, position), travellers in self.standing.items():
            self.waiting += [self._row(t, position, self._moment(t), t.arrived_at) for t in travellers]
        if self.forgotten:
            own.execute("DELETE FROM journeys_enrollment WHERE id = ANY(%s::bigint[])", [self.forgotten])
        if self.passed:
            own.execute(_PASSED, {"journey": self.journey_id, **self._timed(self.passed)})
        if self.waiting:
            own.execute(_WAITING, _named(self.waiting))
        if self.ended:
            own.execute(_ENDED, self._timed(self.ended))

    def _timed(self, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        """Rows whose last column says when: only in a rehearsal is that another moment for each."""
        if self.past:
            return {"now": self.now, **_named(rows)}
        return {"now": self.now, **_named([row[:-1] for row in rows]), f"c{len(rows[0]) - 1}": []}


def _due(traveller: Traveller, due: datetime) -> Traveller:
    return Traveller(
        id=traveller.id,
        customer_id=traveller.customer_id,
        key=traveller.key,
        run=traveller.run,
        arrived_at=traveller.arrived_at,
        context=traveller.context,
        due_at=due,
        until=traveller.until,
    )


_PASSED = """
    INSERT INTO journeys_passage (enrollment_id, journey_id, version, step, kind, outcome, at)
    SELECT id, %(journey)s, version, step, kind, outcome, coalesce(at, %(now)s)
    FROM unnest(%(c0)s::bigint[], %(c1)s::int[], %(c2)s::int[], %(c3)s::text[], %(c4)s::text[], %(c5)s::timestamptz[])
        AS n(id, version, step, kind, outcome, at)"""
_WAITING = """
    UPDATE journeys_enrollment e SET step = n.step, due_at = n.due, arrived_at = n.arrived,
        context = CASE n.context WHEN '' THEN e.context ELSE n.context::jsonb END
    FROM unnest(%(c0)s::bigint[], %(c1)s::int[], %(c2)s::timestamptz[], %(c3)s::timestamptz[], %(c4)s::text[])
        AS n(id, step, due, arrived, context) WHERE e.id = n.id"""
_ENDED = """
    UPDATE journeys_enrollment e SET step = n.step, status = n.status, reason = n.reason, due_at = NULL,
        ended_at = coalesce(n.at, %(now)s), context = CASE n.context WHEN '' THEN e.context ELSE n.context::jsonb END
    FROM unnest(%(c0)s::bigint[], %(c1)s::int[], %(c2)s::text[], %(c3)s::text[], %(c4)s::text[], %(c5)s::timestamptz[])
        AS n(id, step, status, reason, context, at) WHERE e.id = n.id"""


def _named(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {f"c{n}": list(column) for n, column in enumerate(zip(*rows, strict=True))}


def written(context: Mapping[str, Any]) -> str:
    return msgspec.json.encode(context).decode()
