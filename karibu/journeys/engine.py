"""Moves people on. Due enrollments are claimed in groups; a step takes a whole group; everything that comes of it
(history, next due time, messages intended) stands in the transaction of the claim. A killed worker leaves no trace,
any number of workers share the work, and one person who cannot be moved is set aside with the reason.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from karibu.journeys import live
from karibu.journeys.steps import Group, Outcome, Step, Traveller

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
    taken = definition.steps[group.step]
    twins = _twins(group)
    rest = [traveller for traveller in group.travellers if traveller.id not in twins]
    outcomes = taken.take(Group(group.journey_id, group.version, group.step, rest, group.now)) if rest else []
    following = definition.steps[group.step + 1] if group.step + 1 < len(definition.steps) else None
    _write(group, taken, list(zip(rest, outcomes, strict=True)), following)
    _leave_as_twins(group, twins)


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


def _write(group: Group, taken: Step, came: Sequence[tuple[Traveller, Outcome]], following: Step | None) -> None:
    _record(group, taken, came)
    stay = [traveller.id for traveller, outcome in came if not outcome.leaves]
    if following:
        _move(stay, group.step + 1, following.due(group.now), group.now)
    else:
        _end(stay, "finished", "", group.now, step=group.step + 1)
    for traveller, outcome in came:
        if outcome.leaves:
            _end([traveller.id], "left", outcome.words, group.now)


def _record(group: Group, taken: Step, came: Sequence[tuple[Traveller, Outcome]]) -> None:
    ids = [traveller.id for traveller, _outcome in came]
    words = [outcome.words[:200] for _traveller, outcome in came]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journeys_passage (enrollment_id, journey_id, version, step, kind, outcome, at) "
            "SELECT n.id, %s, %s, %s, %s, n.outcome, %s FROM unnest(%s::bigint[], %s::text[]) AS n(id, outcome)",
            [group.journey_id, group.version, group.step, taken.KIND, group.now, ids, words],
        )


def _move(ids: list[int], position: int, due: datetime, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journeys_enrollment SET step = %s, due_at = %s, arrived_at = %s WHERE id = ANY(%s)",
            [position, due, now, ids],
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
