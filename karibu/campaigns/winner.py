"""Which template wins the test: the one with the best rate of its goal, people's deeds only, with how sure that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from karibu.campaigns import moments, stats
from karibu.campaigns.models import LETTERS, Campaign, Recipient

# What counts for a goal, of one message `m`.
_DID = {
    Campaign.Goal.OPENS: "m.opened_at IS NOT NULL",
    Campaign.Goal.CLICKS: "m.clicked_at IS NOT NULL",
    Campaign.Goal.ORDERS: """EXISTS (SELECT 1 FROM shop_order o WHERE o.customer_id = m.customer_id
        AND o.status IN ('placed', 'refunded') AND o.placed_at >= m.sent_at
        AND o.placed_at < m.sent_at + make_interval(days => %(days)s))""",
}


@dataclass(frozen=True)
class Result:
    """One template in the test."""

    arm: int
    letter: str
    template: str
    people: int  # whom it reached
    hits: int
    chance: float  # that it is the best

    @property
    def rate(self) -> float:
        return self.hits / self.people if self.people else 0.0


def results(campaign: Campaign) -> list[Result]:
    """Of each template, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.step, count(*), count(*) FILTER (WHERE {_DID[Campaign.Goal(campaign.goal)]})"  # noqa: S608
            " FROM messages_message m WHERE m.sender = %(sender)s AND m.sent_at IS NOT NULL GROUP BY 1",
            {"sender": campaign.sender, "days": campaign.window_days},
        )
        found = {step: (people, hits) for step, people, hits in cursor.fetchall()}
    counted = [found.get(LETTERS[n], (0, 0)) for n in range(len(campaign.templates))]
    chances = stats.chances([(hits, people) for people, hits in counted], seed=campaign.pk)
    return [
        Result(n, LETTERS[n], campaign.templates[n], people, hits, chance)
        for n, ((people, hits), chance) in enumerate(zip(counted, chances, strict=True))
    ]


def choose_when_due(campaign: Campaign, now: datetime) -> None:
    """Chooses by itself once the last of the test's people have had so long. The caller holds the row and saves it."""
    if campaign.winner is not None or not campaign.has_test or not campaign.is_complete:
        return
    if campaign.tested_at is None and not Recipient.objects.filter(campaign=campaign, is_rest=False).exists():
        campaign.tested_at = now
    if campaign.tested_at is None or campaign.test_hours is None:
        return
    if now >= campaign.tested_at + timedelta(hours=campaign.test_hours):
        found = results(campaign)
        choose(campaign, max(found, key=lambda one: (one.rate, -one.arm)).arm, now, found, by="")


def choose(campaign: Campaign, arm: int, now: datetime, found: list[Result], *, by: str) -> None:
    """`by` is empty where nobody chose. The caller saves the row."""
    campaign.winner, campaign.winner_at = arm, now
    campaign.winner_why = why(campaign, arm, found, by)
    campaign.rest_wait = moments.rest_wait(campaign, now)


def why(campaign: Campaign, arm: int, found: list[Result], by: str) -> dict[str, Any]:
    rates = [{"letter": one.letter, "people": one.people, "hits": one.hits, "chance": one.chance} for one in found]
    return {"by": by, "goal": campaign.goal, "chance": found[arm].chance, "results": rates}
