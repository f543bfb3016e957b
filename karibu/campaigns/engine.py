"""Campaigns on their way: begins those whose hour has come, finds their people, lets their messages in.

A step is one short transaction that holds the campaign's row: any number of workers share the work, pausing waits for
at most one step, and a worker that is killed leaves either the whole step or nothing of it. People are found in the
order of their ids, and `cursor` says how far; a message's key is the campaign and the customer. So nobody is missing
and nobody comes twice, wherever it was interrupted.

The first messages leave while the audience is still being found. No more of them are let in than the senders take in
a few seconds: then a pause works at once, and a welcome mail never waits behind a million others.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from karibu.campaigns import assign, audience, best_hour, intending, moments, queries, winner
from karibu.campaigns.models import REST, Campaign
from karibu.web.queries import shop

FIND = 10_000  # people looked at in one step
INTEND = 2_000  # messages let in by one step
AHEAD = 20_000  # messages that may wait for the senders
LOOK_AGAIN = 20.0  # seconds; whoever launches, pauses or resumes wakes the loop
COUNTING = 1.0  # seconds until a segment may have been counted
CROWDED = 0.25  # seconds until there may be room again

_FINISHED = """
    UPDATE campaigns_campaign SET status = 'sent', finished_at = %s, updated_at = %s WHERE id = %s
    AND NOT EXISTS (SELECT 1 FROM campaigns_recipient r WHERE r.campaign_id = campaigns_campaign.id)"""


def step() -> float:
    """The worker's loop: a step for each campaign on its way. Returns the seconds it may sleep."""
    return advance(timezone.now())


def advance(now: datetime) -> float:
    """One step of every campaign as of `now`."""
    pause = _begin(now)
    for number in Campaign.objects.filter(status=Campaign.Status.SENDING).order_by("id").values_list("id", flat=True):
        pause = min(pause, _advance(number, now))
    return pause


def _begin(now: datetime) -> float:
    """Lets those whose hour has come begin. Returns the seconds until the next hour, LOOK_AGAIN at most."""
    with transaction.atomic():
        due = Campaign.objects.filter(status=Campaign.Status.SCHEDULED, starts_at__lte=now)
        is_waiting = not all([_let_begin(campaign, now) for campaign in due.select_for_update(skip_locked=True)])
    if is_waiting:
        return COUNTING
    coming = Campaign.objects.filter(status=Campaign.Status.SCHEDULED, starts_at__gt=now)
    nearest = coming.order_by("starts_at").values_list("starts_at", flat=True).first()
    return min(LOOK_AGAIN, (nearest - now).total_seconds()) if nearest else LOOK_AGAIN


def _let_begin(campaign: Campaign, now: datetime) -> bool:
    """False where its segments are still being counted, which takes seconds."""
    if now > moments.last_start(campaign):
        campaign.status, campaign.finished_at = Campaign.Status.MISSED, now
    elif audience.unready(campaign):
        return False
    else:
        campaign.status, campaign.begun_at, campaign.moved_at = Campaign.Status.SENDING, now, now
    campaign.save(update_fields=["status", "finished_at", "begun_at", "moved_at", "updated_at"])
    return True


def _advance(number: int, now: datetime) -> float:
    """Returns the seconds until there is more to do for it."""
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(skip_locked=True, of=("self",))
        campaign = rows.filter(pk=number, status=Campaign.Status.SENDING).first()
        if campaign is None:
            return CROWDED
        # First whom it has: the first mail leaves before the second chunk of people is looked for.
        has_room = _room(now)
        let_in = _let_in(campaign, now) if has_room else 0
        before = campaign.cursor
        found = 0 if campaign.is_complete else _find(campaign)
        winner.choose_when_due(campaign, now)
        if let_in or found:
            campaign.moved_at = now
        campaign.save(
            update_fields=[
                "cursor",
                "audience",
                "tested",
                "is_complete",
                "tested_at",
                "moved_at",
                "winner",
                "winner_at",
                "winner_why",
                "rest_wait",
            ]
        )
        if not campaign.is_complete:
            return 0 if campaign.cursor > before else COUNTING
        return _rest_of(campaign, now, has_room=has_room)


def _find(campaign: Campaign) -> int:
    """Looks at the next customers and writes down the turns of those who belong. Returns how many did.

    Nobody, as long as one of its segments is in the archive: who was in it cannot be told any more.
    """
    chunk = audience.chunk(campaign, campaign.cursor, FIND)
    if not chunk.is_known:  # said by the same statement: it may have been found anew since
        return 0
    hours = {}
    if campaign.when == Campaign.When.BEST:
        hours = best_hour.hours([person.customer_id for person in chunk.people])
    turns = moments.Turns(campaign, shop().timezone, hours)
    rows: list[tuple[int, int, datetime]] = []
    for person in chunk.people:
        arm = assign.arm(campaign, person.customer_id)
        # Whoever takes part in the test and whoever waits for it each have the whole pace for themselves.
        rank = campaign.audience - campaign.tested if arm == REST else campaign.tested
        rows.append((person.customer_id, arm, turns.of(*person, rank)))
        campaign.audience += 1
        campaign.tested += arm != REST
    _write(campaign, rows)
    campaign.cursor, campaign.is_complete = chunk.last or campaign.cursor, chunk.last is None
    return len(rows)


def _write(campaign: Campaign, rows: Sequence[tuple[int, int, datetime]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_recipient (campaign_id, customer_id, arm, is_rest, due_at)"
            " SELECT %s, n.customer, n.arm, n.arm = %s, n.due"
            " FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[]) AS n(customer, arm, due)",
            [campaign.pk, REST, *columns],
        )


def _room(now: datetime) -> bool:
    """Whether the senders have little enough to do. Counted no further than that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM messages_message WHERE status IN ('intended', 'held')"
            " AND due_at <= %s LIMIT %s) AS waiting",
            [now, AHEAD],
        )
        return int(cursor.fetchone()[0]) < AHEAD


def _let_in(campaign: Campaign, now: datetime) -> int:
    """Intends the messages of those whose turn it is. Returns how many turns were taken."""
    taken = intending.take(campaign, now - campaign.shift, INTEND, rest=False)
    if campaign.winner is not None and len(taken) < INTEND:
        until = now - campaign.shift - campaign.rest_wait
        taken += intending.take(campaign, until, INTEND - len(taken), rest=True)
    intending.intend_all(campaign, taken)
    return len(taken)


def _rest_of(campaign: Campaign, now: datetime, *, has_room: bool) -> float:
    """Everybody was found and whoever was due is let in: until the next is due, or the end."""
    nearest = queries.next_turn(campaign)
    if nearest is None:
        with connection.cursor() as cursor:
            cursor.execute(_FINISHED, [now, now, campaign.pk])
        return LOOK_AGAIN
    wait = nearest - now
    return max(0.0 if has_room else CROWDED, min(LOOK_AGAIN, wait.total_seconds()))
