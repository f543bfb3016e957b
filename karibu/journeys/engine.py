"""Moves people on. Due enrollments are claimed in groups; a step takes a whole group; everything that comes of it
(history, next due time, messages intended) stands in the transaction of the claim. A killed worker leaves no trace,
any number of workers share the work, and one person who cannot be moved is set aside with the reason.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from karibu.journeys import among, live
from karibu.journeys.definition import Definition
from karibu.journeys.models import AT_THE_DOOR
from karibu.journeys.steps import Group, Outcome, Step, Traveller
from karibu.journeys.steps.base import ANSWER, HAPPENED
from karibu.journeys.steps.send import Send

log = logging.getLogger("karibu.journeys")
LOOK_AGAIN = 60.0  # seconds after which the loop looks by itself; whoever adds something due sooner wakes it
MOST = 2000  # enrollments of one claim
BUSY = 0.05  # seconds to wait when other workers hold all that is due


def step() -> float:
    """The worker's loop: one claim for each live journey; returns how long it may sleep."""
    return advance(timezone.now())


def advance(now: datetime) -> float:
    """Takes everyone due at `now` one step further (at most MOST a journey). Returns seconds until the next is due."""
    pause = LOOK_AGAIN
    for journey_id, due_at in _next_due():
        if due_at > now:
            pause = min(pause, (due_at - now).total_seconds())
        else:
            pause = 0 if _advance_journey(journey_id, now) else min(pause, BUSY)
    return pause


def _next_due() -> list[tuple[int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.id, d.due_at FROM journeys_journey j CROSS JOIN LATERAL (SELECT e.due_at "
            "FROM journeys_enrollment e WHERE e.journey_id = j.id AND e.status = 'active' "
            "ORDER BY e.due_at LIMIT 1) AS d WHERE j.status = 'live' AND d.due_at IS NOT NULL ORDER BY d.due_at"
        )
        return list(cursor.fetchall())


def _advance_journey(journey_id: int, now: datetime) -> int:
    """Returns how many were claimed."""
    with transaction.atomic():
        claimed = _claim(journey_id, now)
        for (version, position), rows in groupby(claimed, key=lambda row: row[0]):
            travellers = [traveller for _where, traveller in rows]
            _let_through(Group(journey_id, version, position, travellers, now))
        return len(claimed)


def _claim(journey_id: int, now: datetime) -> list[tuple[tuple[int, int], Traveller]]:
    """Locks due enrollments that no other worker holds; ordered by (version, step)."""
    with connection.cursor() as cursor:
        # The journey's row is share-locked: pausing waits for this claim, and from then on nobody moves.
        cursor.execute("SELECT 1 FROM journeys_journey WHERE id = %s AND status = 'live' FOR SHARE", [journey_id])
        if cursor.fetchone() is None:
            return []
        cursor.execute(
            "SELECT version, step, id, customer_id, key, run, arrived_at, context::text FROM journeys_enrollment "
            "WHERE journey_id = %s AND status = 'active' AND due_at <= %s ORDER BY due_at LIMIT %s "
            "FOR UPDATE SKIP LOCKED",
            [journey_id, now, MOST],
        )
        rows = cursor.fetchall()
    claimed = [
        ((version, position), Traveller(id_, customer, key, run, arrived, live.decoded(context)))
        for version, position, id_, customer, key, run, arrived, context in rows
    ]
    return sorted(claimed, key=lambda item: item[0])


def _let_through(group: Group) -> None:
    """The whole group at once; when that fails, its halves, down to the one who cannot be moved."""
    try:
        with transaction.atomic():
            _take(group)
    except (OperationalError, InterfaceError):
        raise  # the database, not the person: the claim is rolled back and tried again
    except Exception as error:
        if len(group.travellers) == 1:
            _set_aside(group, error)
            return
        middle = len(group.travellers) // 2
        for part in (group.travellers[:middle], group.travellers[middle:]):
            _let_through(Group(group.journey_id, group.version, group.step, part, group.now))


def _take(group: Group) -> None:
    definition = live.definition(group.journey_id, group.version)
    if group.step == AT_THE_DOOR:
        _let_in(group, definition)
        return
    taken = definition.steps[group.step]
    twins = _twins(group)
    rest = [traveller for traveller in group.travellers if traveller.id not in twins]
    if isinstance(taken, Send):
        rest = _still_meant(group, definition, rest)
    branches = bool(definition.layout.places[group.step].ways)
    whole = Group(group.journey_id, group.version, group.step, rest, group.now, branches)
    outcomes = taken.take(whole) if rest else []
    _write(group, definition, list(zip(rest, outcomes, strict=True)))
    _leave_as_twins(group, twins)


def _let_in(group: Group, definition: Definition) -> None:
    """Who meets the filter stands before the first step from when they came; the others were never here."""
    fitting = among.members(definition.filter or {}, [t.customer_id for t in group.travellers], group.now)
    inside = [traveller for traveller in group.travellers if traveller.customer_id in fitting]
    _forget([traveller.id for traveller in group.travellers if traveller.customer_id not in fitting])
    customers, came = [t.customer_id for t in inside], [t.arrived_at for t in inside]
    if inside:
        _move([t.id for t in inside], 0, definition.steps[0].dues(customers, came), came)


def _still_meant(group: Group, definition: Definition, travellers: list[Traveller]) -> list[Traveller]:
    """Who still meets the filter before something is sent; the others leave."""
    if definition.filter is None or not travellers:
        return travellers
    fitting = among.members(definition.filter, [t.customer_id for t in travellers], group.now)
    gone = [traveller.id for traveller in travellers if traveller.customer_id not in fitting]
    _end(gone, "left", "no longer among those it is for", group.now)
    return [traveller for traveller in travellers if traveller.customer_id in fitting]


def _twins(group: Group) -> set[int]:
    """Runs of people who, merged since, are in this journey twice under the same key: only the older run goes on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.id FROM journeys_enrollment e JOIN journeys_enrollment o ON o.journey_id = e.journey_id "
            "AND o.customer_id = e.customer_id AND o.key = e.key AND o.id < e.id "
            "WHERE e.id = ANY(%s) AND o.slot <> e.slot "
            "AND (o.status = 'active' OR (o.status = 'finished' AND o.ended_at >= e.entered_at))",
            [[traveller.id for traveller in group.travellers]],
        )
        return {row[0] for row in cursor.fetchall()}


def _write(group: Group, definition: Definition, came: Sequence[tuple[Traveller, Outcome]]) -> None:
    _stay([(traveller.id, outcome.again) for traveller, outcome in came if outcome.again])
    went = [(traveller, outcome) for traveller, outcome in came if not outcome.again]
    _record(group, definition.steps[group.step], went)
    _learn([(traveller.id, outcome.context) for traveller, outcome in went if outcome.context])
    by_way = sorted((each for each in went if not each[1].leaves), key=lambda each: each[1].way)
    for way, followers in groupby(by_way, key=lambda each: each[1].way):
        _go(group, definition, definition.layout.after(group.step, way), [traveller for traveller, _ in followers])
    for traveller, outcome in went:
        if outcome.leaves:
            _end([traveller.id], "left", outcome.words, group.now)


def _go(group: Group, definition: Definition, position: int | None, travellers: Sequence[Traveller]) -> None:
    ids = [traveller.id for traveller in travellers]
    if position is None:
        _end(ids, "finished", "", group.now, step=len(definition.steps))
        return
    customers = [traveller.customer_id for traveller in travellers]
    dues = definition.steps[position].dues(customers, [group.now] * len(ids))
    _move(ids, position, dues, [group.now] * len(ids))


def _record(group: Group, taken: Step, came: Sequence[tuple[Traveller, Outcome]]) -> None:
    ids = [traveller.id for traveller, _outcome in came]
    words = [outcome.words[:200] for _traveller, outcome in came]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journeys_passage (enrollment_id, journey_id, version, step, kind, outcome, at) "
            "SELECT n.id, %s, %s, %s, %s, n.outcome, %s FROM unnest(%s::bigint[], %s::text[]) AS n(id, outcome)",
            [group.journey_id, group.version, group.step, taken.KIND, group.now, ids, words],
        )


def _move(ids: list[int], position: int, dues: Sequence[datetime], came: Sequence[datetime]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journeys_enrollment e SET step = %s, due_at = n.due, arrived_at = n.came, "
            "context = e.context - %s::text[] FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) "
            "AS n(id, due, came) WHERE e.id = n.id",
            [position, [HAPPENED, ANSWER], ids, list(dues), list(came)],
        )


def _forget(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM journeys_enrollment WHERE id = ANY(%s)", [ids])


def _stay(rows: Sequence[tuple[int, datetime | None]]) -> None:
    """They are looked at again then, before the same step."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE journeys_enrollment e SET due_at = n.due FROM unnest(%s::bigint[], %s::timestamptz[]) "
                "AS n(id, due) WHERE e.id = n.id",
                [list(column) for column in zip(*rows, strict=True)],
            )


def _learn(rows: Sequence[tuple[int, Mapping[str, Any] | None]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE journeys_enrollment e SET context = e.context || n.context FROM unnest(%s::bigint[], "
                "%s::jsonb[]) AS n(id, context) WHERE e.id = n.id",
                [[number for number, _context in rows], [Jsonb(dict(context or {})) for _number, context in rows]],
            )


def _end(ids: list[int], status: str, reason: str, now: datetime, *, step: int | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journeys_enrollment SET status = %s, reason = %s, due_at = NULL, ended_at = %s, "
            "step = coalesce(%s, step) WHERE id = ANY(%s)",
            [status, reason[:300], now, step, ids],
        )


def _leave_as_twins(group: Group, twins: set[int]) -> None:
    if twins:
        _end(sorted(twins), "left", "the same person is already in this journey", group.now)


def _set_aside(group: Group, error: Exception) -> None:
    [traveller] = group.travellers
    reason = f"{type(error).__name__}: {error}".replace("\n", " ")
    log.warning("journey %s: enrollment %s is set aside (%s)", group.journey_id, traveller.id, type(error).__name__)
    _end([traveller.id], "failed", reason, group.now)
