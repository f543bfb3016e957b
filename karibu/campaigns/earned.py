"""What a sender earned that would not have come anyway: those it wrote to beside those who were held out by chance.

Campaigns and journeys say by SQL whom they compare; what each of these spent is what they ordered within so many days
of the moment when chance parted them: cancelled orders left out, refunds taken off, in the shop's currency; who ordered
nothing spent nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import connection

from karibu.campaigns import stats

CENT = Decimal("0.01")
Spent = dict[tuple[str, bool], tuple[int, stats.Group, Decimal]]
_SPENT = """
    WITH people AS MATERIALIZED ({people}), bought AS MATERIALIZED (
        SELECT customer_id, placed_at, coalesce(total_converted, 0) - refunded_converted AS worth FROM shop_order
        WHERE status IN ('placed', 'refunded') AND placed_at >= (SELECT min(since) FROM people)
            AND placed_at < (SELECT max(since) FROM people) + make_interval(days => %(days)s)
    ), each AS (
        SELECT p.step, p.is_holdout, count(b.placed_at) AS orders, coalesce(sum(b.worth), 0) AS spent
        FROM people p LEFT JOIN bought b ON b.customer_id = p.customer_id AND b.placed_at >= p.since
            AND b.placed_at < p.since + make_interval(days => %(days)s)
        GROUP BY p.customer_id, p.step, p.is_holdout, p.since
    )
    SELECT step, is_holdout, count(*), sum(orders), count(*) FILTER (WHERE orders > 0), sum(spent), sum(spent * spent)
    FROM each GROUP BY 1, 2"""


def spent(people: str, parameters: Mapping[str, Any], days: int) -> Spent:
    """{(step, held out): (orders, group, money)}. `people` selects customer_id, step, is_holdout and since."""
    with connection.cursor() as cursor:
        cursor.execute(_SPENT.format(people=people), {**parameters, "days": days})
        return {
            (step, held): (int(orders), stats.Group(count, float(money), float(squares), buyers), money)
            for step, held, count, orders, buyers, money, squares in cursor.fetchall()
        }


def incremental(found: Spent, days: int) -> dict[str, Any]:
    """The difference a person, times those written to. Money is Decimal; None: nobody to compare with, or too few."""
    treated, held = _joined(found, held=False), _joined(found, held=True)
    difference = stats.difference(treated, held)

    def whole(value: float | None) -> Decimal | None:
        return None if value is None else Decimal(value * treated.people).quantize(CENT)

    has_both = bool(treated.people and held.people)
    return {
        "revenue": whole(difference.estimate) if has_both else None,
        "low": whole(difference.low),
        "high": whole(difference.high),
        "per_person": Decimal(difference.estimate).quantize(Decimal("0.0001")) if has_both else None,
        "people": treated.people,
        "held_out": held.people,
        "buyers": treated.buyers,
        "held_out_buyers": held.buyers,
        "window_days": days,
        "level": stats.LEVEL,
        "method": "Welch's t interval on revenue a person, zeros included",
    }


def _joined(found: Spent, *, held: bool) -> stats.Group:
    groups = [group for (_step, is_held), (_n, group, _money) in found.items() if is_held == held]
    return stats.Group(
        sum(group.people for group in groups),
        sum(group.total for group in groups),
        sum(group.squares for group in groups),
        sum(group.buyers for group in groups),
    )
