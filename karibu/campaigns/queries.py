"""Questions about campaigns: what they are called, which are on their way, which are late."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from karibu.campaigns.models import Campaign
from karibu.web.models import User
from karibu.web.search import Hit

LATE = timedelta(minutes=2)
Status = Campaign.Status


def names(numbers: Collection[int]) -> dict[int, str]:
    """What these campaigns are called."""
    return dict(Campaign.objects.filter(pk__in=numbers).values_list("pk", "name"))


def asking_for(segment: int) -> list[tuple[str, str]]:
    """The campaigns that are not over and mean this segment, or leave it out."""
    ahead = Campaign.objects.exclude(status__in=(Status.SENT, Status.CANCELLED, Status.MISSED))
    meant = ahead.filter(Q(include__contains=[segment]) | Q(exclude__contains=[segment])).order_by("name", "pk")
    return [(name, f"/campaigns/{pk}/") for name, pk in meant.values_list("name", "pk")]


def find(text: str, user: User) -> list[Hit]:
    found = Campaign.objects.filter(name__icontains=text).order_by("-id")[:5]
    return [
        Hit(_("Campaigns"), one.name, one.get_absolute_url(), str(one.get_status_display()), "campaigns")
        for one in found
    ]


@dataclass(frozen=True)
class Late:
    """A campaign that does not get on, and since when."""

    campaign: Campaign
    since: datetime


def late(now: datetime) -> list[Late]:
    """Each campaign more than two minutes late: not begun at its hour, or standing still while people are due."""
    unbegun = Q(status=Status.SCHEDULED, starts_at__lt=now - LATE)
    still = Q(status=Status.SENDING, moved_at__lt=now - LATE)
    found = []
    for campaign in Campaign.objects.filter(unbegun | still).order_by("id"):
        since = campaign.starts_at if campaign.status == Status.SCHEDULED else _standing_since(campaign, now)
        if since and since < now - LATE:
            found.append(Late(campaign, since))
    return found


def _standing_since(campaign: Campaign, now: datetime) -> datetime | None:
    """Since when its next person is due and nothing is done; None where nobody is."""
    if not campaign.is_complete:
        return campaign.moved_at
    nearest = next_turn(campaign)
    if nearest is None or nearest > now or campaign.moved_at is None:
        return None
    return max(nearest, campaign.moved_at)


def next_turn(campaign: Campaign) -> datetime | None:
    """When the next of its people is due; who waits for the winner of a test has no turn before there is one."""
    turns = []
    for is_rest in (False, True) if campaign.winner is not None else (False,):
        waiting = campaign.recipients.filter(is_rest=is_rest).order_by("due_at").values_list("due_at", flat=True)
        turns += [campaign.due(at, rest=is_rest) for at in waiting[:1]]
    return min(turns, default=None)


# One step along the index of senders for each campaign; the numbers of a page's campaigns by one statement.
_RESULTS = """
    SELECT c.id, count(m.sent_at), count(m.opened_at), count(m.clicked_at)
    FROM unnest(%s::bigint[]) AS c(id) LEFT JOIN messages_message m ON m.sender = 'campaign:' || c.id GROUP BY 1"""


def results(campaigns: Sequence[Campaign]) -> dict[int, dict[str, Any]]:
    """{campaign: {"sent", "opened", "clicked"}} for a list."""
    with connection.cursor() as cursor:
        cursor.execute(_RESULTS, [[campaign.pk for campaign in campaigns]])
        return {row[0]: dict(zip(("sent", "opened", "clicked"), row[1:], strict=True)) for row in cursor.fetchall()}
