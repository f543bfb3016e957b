"""What came of a campaign: one set of figures for its page, its CSV and the API.

Compared are people whom the gate let through: those who were held out passed every check that the others passed, so
the two groups differ by chance alone. What each spent is what they ordered within the campaign's window after their
turn, cancelled orders left out, refunds taken off, in the shop's currency; who ordered nothing spent nothing.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection

from karibu.campaigns import links, stats, winner
from karibu.campaigns.models import Campaign
from karibu.messages.models import Template
from karibu.messages.status import Status, explain
from karibu.shop.models import CouponPool
from karibu.web.queries import shop

Figure = Callable[[Campaign], dict[str, Any]]
_figures: dict[str, Figure] = {}
CENT = Decimal("0.01")

# `is_compared`: passed the gate, or would have but for the holdout.
_COUNTS = """
    SELECT step, is_holdout AND status = 'refused' AND reason = 'holdout', count(*),
        count(*) FILTER (WHERE sent_at IS NOT NULL),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND status <> 'failed' AND bounced_at IS NULL),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND bounced_at IS NOT NULL),
        count(*) FILTER (WHERE opened_at IS NOT NULL OR clicked_at IS NOT NULL),
        count(*) FILTER (WHERE clicked_at IS NOT NULL)
    FROM messages_message WHERE sender = %(sender)s GROUP BY 1, 2"""
_SPENT = """
    WITH people AS MATERIALIZED (
        SELECT customer_id, step, is_holdout, created_at FROM messages_message
        WHERE sender = %(sender)s AND status <> 'cancelled'
            AND (status <> 'refused' OR (is_holdout AND reason = 'holdout'))
    ), bought AS MATERIALIZED (
        SELECT customer_id, placed_at, coalesce(total_converted, 0) - refunded_converted AS worth FROM shop_order
        WHERE status IN ('placed', 'refunded') AND placed_at >= (SELECT min(created_at) FROM people)
            AND placed_at < (SELECT max(created_at) FROM people) + make_interval(days => %(days)s)
    ), each AS (
        SELECT p.step, p.is_holdout, count(b.placed_at) AS orders, coalesce(sum(b.worth), 0) AS spent
        FROM people p LEFT JOIN bought b ON b.customer_id = p.customer_id AND b.placed_at >= p.created_at
            AND b.placed_at < p.created_at + make_interval(days => %(days)s)
        GROUP BY p.customer_id, p.step, p.is_holdout, p.created_at
    )
    SELECT step, is_holdout, count(*), sum(orders), count(*) FILTER (WHERE orders > 0), sum(spent), sum(spent * spent)
    FROM each GROUP BY 1, 2"""
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
    counts, spent = _counts(campaign), _spent(campaign)
    total = _sum(counts)
    return {
        "currency": shop().currency,
        "incremental": _incremental(campaign, spent),
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
    parameters: dict[str, Any] = {"sender": campaign.sender, "days": campaign.window_days, "since": campaign.begun_at}
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


Spent = dict[tuple[str, bool], tuple[int, stats.Group, Decimal]]


def _spent(campaign: Campaign) -> Spent:
    """{(step, held out): (orders, group, money)}."""
    return {
        (step, held): (int(orders), stats.Group(people, float(money), float(squares), buyers), money)
        for step, held, people, orders, buyers, money, squares in _rows(_SPENT, campaign)
    }


def _joined(spent: Spent, *, held: bool) -> stats.Group:
    groups = [group for (_step, is_held), (_n, group, _money) in spent.items() if is_held == held]
    return stats.Group(
        sum(group.people for group in groups),
        sum(group.total for group in groups),
        sum(group.squares for group in groups),
        sum(group.buyers for group in groups),
    )


def _incremental(campaign: Campaign, spent: Spent) -> dict[str, Any]:
    """What it earned that would not have come anyway: the difference a person, times those written to."""
    treated, held = _joined(spent, held=False), _joined(spent, held=True)
    found = stats.difference(treated, held)

    def whole(value: float | None) -> Decimal | None:
        return None if value is None else Decimal(value * treated.people).quantize(CENT)

    has_both = bool(treated.people and held.people)
    return {
        "revenue": whole(found.estimate) if has_both else None,
        "low": whole(found.low),
        "high": whole(found.high),
        "per_person": Decimal(found.estimate).quantize(Decimal("0.0001")) if has_both else None,
        "people": treated.people,
        "held_out": held.people,
        "buyers": treated.buyers,
        "held_out_buyers": held.buyers,
        "window_days": campaign.window_days,
        "level": stats.LEVEL,
        "method": "Welch's t interval on revenue a person, zeros included",
    }


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
    """The table of A, B, C; the chance to be the best is that of the campaign's goal."""
    if len(campaign.templates) < 2:
        return []
    names = dict(Template.objects.filter(key__in=campaign.templates).values_list("key", "name"))
    nothing = (0, stats.Group(0, 0, 0, 0), Decimal(0))
    return [
        {
            "letter": one.letter,
            "template": one.template,
            "name": names.get(one.template, one.template),
            **{name: counts.get((one.letter, False), {}).get(name, 0) for name in _NAMES},
            "orders": spent.get((one.letter, False), nothing)[0],
            "revenue": Decimal(spent.get((one.letter, False), nothing)[2]).quantize(CENT),
            "rate": one.rate,
            "chance": one.chance,
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
