"""What came of a campaign: one set of figures for its page, its CSV and the API.

Compared are people whom the gate let as far as its check of the holdouts (earned.py), so the two groups differ by
chance alone. What each spent is what they ordered within the campaign's window after their
turn, cancelled orders left out, refunds taken off, in the shop's currency; who ordered nothing spent nothing.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

from karibu.campaigns import earned, links, stats, winner
from karibu.campaigns.earned import CENT, HELD_BY_SENDER, WAS_LET_IN, Spent
from karibu.campaigns.models import Campaign
from karibu.messages.models import Template
from karibu.messages.status import Status, explain
from karibu.shop.models import CouponPool
from karibu.web.queries import shop

Figure = Callable[[Campaign], dict[str, Any]]
_figures: dict[str, Figure] = {}

# `is_compared`: passed the gate, or would have but for the holdout.
_COUNTS = """
    SELECT step, is_holdout AND status = 'refused' AND reason = 'holdout', count(*),
        count(*) FILTER (WHERE sent_at IS NOT NULL),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND status <> 'failed' AND bounced_at IS NULL),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND bounced_at IS NOT NULL),
        count(*) FILTER (WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL),
        count(*) FILTER (WHERE clicked_at IS NOT NULL)
    FROM messages_message WHERE sender = %(sender)s GROUP BY 1, 2"""
_PEOPLE = f"""
    SELECT customer_id, step, is_holdout, created_at AS since FROM messages_message
    WHERE sender = %(sender)s AND CASE WHEN is_holdout THEN {HELD_BY_SENDER} ELSE {WAS_LET_IN} END"""  # noqa: S608
_REASONS = """
    SELECT status, reason, count(*) FROM messages_message WHERE sender = %(sender)s
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
_LEFT = """
    SELECT count(DISTINCT m.id) FILTER (WHERE c.method <> 'complaint'),
        count(DISTINCT m.id) FILTER (WHERE c.method = 'complaint')
    FROM (SELECT method, substr(evidence, 9)::bigint AS message FROM consents_consent
          WHERE status = 'withdrawn' AND at >= %(since)s AND evidence ~ '^message [0-9]{1,18}$') AS c
    JOIN messages_message m ON m.id = c.message WHERE m.sender = %(sender)s"""


def register_figure(name: str, figure: Figure) -> None:
    """`figure(campaign)` adds a part of the report, from an app above."""
    _figures[name] = figure


def figures(campaign: Campaign) -> dict[str, Any]:
    """All of the report. Money is Decimal in the shop's currency; rates are shares of 1."""
    counts, days = _counts(campaign), campaign.window_days
    spent = earned.spent(_PEOPLE, {"sender": campaign.sender}, days)
    total = _sum(counts)
    return {
        "currency": shop().currency,
        "incremental": earned.incremental(spent, days),
        "funnel": {**total, **_orders(spent), **_gone(campaign)},
        "machines": links.machines(campaign),
        "templates": _templates(campaign, counts, spent),
        "reasons": _reasons(campaign),
        "links": links.clicked(campaign),
        "domains": links.domains(campaign),
        "coupons": _coupons(campaign),
        **{name: figure(campaign) for name, figure in _figures.items()},
    }


def _rows(query: str, campaign: Campaign) -> list[tuple[Any, ...]]:
    parameters: dict[str, Any] = {"sender": campaign.sender, "since": campaign.begun_at}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


_NAMES = ("intended", "sent", "delivered", "bounced", "opened", "clicked")


def _counts(campaign: Campaign) -> dict[tuple[str, bool], dict[str, int]]:
    return {(step, held): dict(zip(_NAMES, numbers, strict=True)) for step, held, *numbers in _rows(_COUNTS, campaign)}


def _sum(counts: dict[tuple[str, bool], dict[str, int]]) -> dict[str, int]:
    found = dict.fromkeys(("audience", "held_out", *_NAMES), 0)
    for (_step, is_held), numbers in counts.items():
        found["audience"] += numbers["intended"]
        found["held_out"] += numbers["intended"] if is_held else 0
        for name in _NAMES:
            found[name] += 0 if is_held else numbers[name]
    return found


def _orders(spent: Spent) -> dict[str, Any]:
    mine = [(orders, group, money) for (_step, held), (orders, group, money) in spent.items() if not held]
    return {
        "orders": sum(orders for orders, _group, _money in mine),
        "buyers": sum(group.buyers for _orders, group, _money in mine),
        "revenue": sum((money for _orders, _group, money in mine), Decimal(0)).quantize(CENT),
    }


def _gone(campaign: Campaign) -> dict[str, int]:
    if campaign.begun_at is None:
        return {"unsubscribed": 0, "complained": 0}
    [(left, complained)] = _rows(_LEFT, campaign)
    return {"unsubscribed": left, "complained": complained}


def _templates(
    campaign: Campaign, counts: dict[tuple[str, bool], dict[str, int]], spent: Spent
) -> list[dict[str, Any]]:
    """The table of A, B, C; the chance to be the best is that of the campaign's goal, once chosen as it was then."""
    if len(campaign.templates) < 2:
        return []
    names = dict(Template.objects.filter(key__in=campaign.templates).values_list("key", "name"))
    nothing = (0, stats.Group(0, 0, 0, 0), Decimal(0))
    chances = {row["letter"]: row["chance"] for row in campaign.winner_why.get("results", [])}
    return [
        {
            "letter": one.letter,
            "template": one.template,
            "name": names.get(one.template, one.template),
            **{name: counts.get((one.letter, False), {}).get(name, 0) for name in _NAMES},
            "orders": spent.get((one.letter, False), nothing)[0],
            "revenue": Decimal(spent.get((one.letter, False), nothing)[2]).quantize(CENT),
            "rate": one.rate,
            "chance": chances.get(one.letter, one.chance),
            "is_winner": one.arm == campaign.winner,
        }
        for one in winner.results(campaign)
    ]


def _reasons(campaign: Campaign) -> list[dict[str, Any]]:
    return [
        {"status": status, "reason": reason, "label": _label(status), "words": explain(reason), "people": people}
        for status, reason, people in _rows(_REASONS, campaign)
    ]


def _label(status: str) -> str:
    return str(Status(status).label) if status in Status.values else status


def _coupons(campaign: Campaign) -> dict[str, int]:
    """How many codes this campaign gave, and how many of them orders carried."""
    if campaign.coupon_pool_id is None:
        return {}
    pool = CouponPool.objects.get(pk=campaign.coupon_pool_id)
    mine = pool.coupons.filter(key__startswith=f"{campaign.sender}:")
    return {"given": mine.count(), "used": mine.exclude(order_id="").count()}
