"""Moves people on. Due enrollments are claimed many at once; a step takes a whole group (walk.py); everything that
comes of it (history, next due time, messages intended) stands in the transaction of the claim. A killed worker leaves
no trace, any number of workers share the work, and one person who cannot be moved is set aside with the reason.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.journeys import live
from karibu.journeys.steps import Traveller
from karibu.journeys.walk import Walk, Where

log = logging.getLogger("karibu.journeys")
LOOK_AGAIN = 60.0  # seconds after which the loop looks by itself; whoever adds something due sooner wakes it
MOST = 2000  # enrollments of one claim
MOST_GROUPS = 1000  # through which they go in one transaction: more than a journey has steps, in several versions
BUSY = 0.05  # seconds to wait when other workers hold all that is due
Standing = tuple[Where, Traveller]


def step() -> float:
    """The worker's loop: one claim for each live journey; returns how long it may sleep."""
    return advance(timezone.now())


def advance(now: datetime) -> float:
    """Takes everyone due at `now` as far as they come (at most MOST people a journey). Returns seconds until the next
    is due."""
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
        if claimed:
            twins = _twins(claimed)
            let_on(Walk(journey_id, now), [one for one in claimed if one[1].id not in twins])
            twice = [one for one in claimed if one[1].id in twins]
            _take_out(Walk(journey_id, now), twice, "left", "the same person is already in this journey")
        return len(claimed)


def _claim(journey_id: int, now: datetime) -> list[Standing]:
    """Locks due enrollments that no other worker holds."""
    own = cursor()
    # The journey's row is share-locked: pausing waits for this claim, and from then on nobody moves.
    own.execute("SELECT 1 FROM journeys_journey WHERE id = %s AND status = 'live' FOR SHARE", [journey_id])
    if own.fetchone() is None:
        return []
    own.execute(
        "SELECT version, step, id, customer_id, key, run, arrived_at, context::text FROM journeys_enrollment "
        "WHERE journey_id = %s AND status = 'active' AND due_at <= %s ORDER BY due_at LIMIT %s "
        "FOR UPDATE SKIP LOCKED",
        [journey_id, now, MOST],
        binary=True,
    )
    return [
        ((version, position), Traveller(id_, customer, key, run, arrived, live.decoded(context)))
        for version, position, id_, customer, key, run, arrived, context in own.fetchall()
    ]


def _twins(claimed: Sequence[Standing]) -> set[int]:
    """Runs of people who, merged since, are in this journey twice under the same key: only the older run goes on."""
    own = with_bulk_arrays(cursor())
    people = [traveller.customer_id for _where, traveller in claimed]
    own.execute("SELECT DISTINCT winner FROM customers_merge WHERE winner = ANY(%s::bigint[])", [people])
    merged = {row[0] for row in own.fetchall()}
    if not merged:
        return set()
    own.execute(
        "SELECT DISTINCT e.id FROM journeys_enrollment e JOIN journeys_enrollment o ON o.journey_id = e.journey_id "
        "AND o.customer_id = e.customer_id AND o.key = e.key AND o.id < e.id "
        "WHERE e.id = ANY(%s::bigint[]) AND o.slot <> e.slot "
        "AND (o.status = 'active' OR (o.status = 'finished' AND o.ended_at >= e.entered_at))",
        [[traveller.id for _where, traveller in claimed if traveller.customer_id in merged]],
    )
    return {row[0] for row in own.fetchall()}


def let_on(fresh: Walk, those: Sequence[Standing]) -> None:
    """All at once, each time from a fresh walk; when that fails, their halves, down to the one who cannot be moved."""
    if not those:
        return
    try:
        with transaction.atomic():
            _walk(fresh, those)
    except (OperationalError, InterfaceError):
        raise  # the database, not the person: the claim is rolled back and tried again
    except Exception:
        if len(those) == 1:
            _step_by_step(fresh, those[0])
            return
        middle = len(those) // 2
        let_on(fresh, those[:middle])
        let_on(fresh, those[middle:])


def _walk(fresh: Walk, those: Sequence[Standing], most: int = MOST_GROUPS) -> Walk:
    walk = Walk(fresh.journey_id, fresh.now, _by_place(those), fresh.past)
    walk.go(most)
    walk.write()
    return walk


def _by_place(those: Sequence[Standing]) -> dict[Where, list[Traveller]]:
    found: dict[Where, list[Traveller]] = defaultdict(list)
    for where, traveller in those:
        found[where].append(traveller)
    return found


def _step_by_step(fresh: Walk, one: Standing) -> None:
    """Somebody who cannot go all the way goes as far as they can, and is set aside before the step that fails."""
    ahead = [one]
    while ahead:
        try:
            with transaction.atomic():
                walk = _walk(fresh, ahead, 1)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".replace("\n", " ")
            name = type(error).__name__
            log.warning("journey %s: enrollment %s is set aside (%s)", fresh.journey_id, one[1].id, name)
            _take_out(fresh, ahead, "failed", reason)
            return
        ahead = [(where, traveller) for where, those in walk.standing.items() for traveller in those]


def _take_out(fresh: Walk, those: Sequence[Standing], status: str, reason: str) -> None:
    walk = Walk(fresh.journey_id, fresh.now, _by_place(those), fresh.past)
    walk.take_out(status, reason)
    walk.write()
