"""What a sender earned that would not have come anyway: those it wrote to beside those who were held out by chance.

Campaigns and journeys say by SQL whom they compare; what each of these spent is what they ordered within so many days
of the moment when chance parted them: cancelled orders left out, refunds taken off, in the shop's currency; who ordered
nothing spent nothing.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from karibu.campaigns import stats

CENT = Decimal("0.01")
Pair = tuple[stats.Group, stats.Group]  # those written to, those held out by the same draw
# Of messages_message. In the comparison are those whom the gate let through as far as its check of the holdouts, when
# it was first asked: what became of a message later (the cart was ordered while the night was waited for) is never
# asked of those held out. The rules' share got no other marketing either: it is compared with nobody but its own kind.
_OF_THE_RULES = "(NOT is_holdout OR right(detail, 1) = '%%')"
WAS_LET_IN = "(status IN ('held', 'sending', 'sent', 'failed') OR history->0->>'status' IN ('held', 'sending'))"
HELD_BY_SENDER = f"(status = 'refused' AND reason = 'holdout' AND NOT {_OF_THE_RULES})"
HELD_BY_RULES = f"(status = 'refused' AND reason = 'holdout' AND {_OF_THE_RULES})"
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
    """As more(), of one draw: whatever `step` says, all who were held out are compared with all others."""
    groups = [(is_held, group) for (_step, is_held), (_n, group, _money) in found.items()]
    treated, held = (joined([group for is_held, group in groups if is_held == side]) for side in (False, True))
    return more([(treated, held)], days)


def more(pairs: Sequence[Pair], days: int) -> dict[str, Any]:
    """What those written to spent beyond what they would have anyway, each pair by a draw of its own.

    Money is Decimal; None: nobody to compare with, or too few. Where several were drawn, those draws count in which
    both groups are there; a person is in one of them only.
    """
    there = _comparable(pairs)
    treated, held = (joined([pair[side] for pair in there or pairs]) for side in (0, 1))
    difference = stats.total(there) if there else stats.Difference(0, None, None)

    def money(value: float | None) -> Decimal | None:
        return None if value is None else Decimal(value).quantize(CENT)

    each = Decimal(difference.estimate / treated.people).quantize(Decimal("0.0001")) if there else None
    return {
        "revenue": money(difference.estimate) if there else None,
        "low": money(difference.low),
        "high": money(difference.high),
        "per_person": each,
        "people": treated.people,
        "held_out": held.people,
        "buyers": treated.buyers,
        "held_out_buyers": held.buyers,
        "window_days": days,
        "level": stats.LEVEL,
        "method": "Welch's t interval on revenue a person, zeros included",
    }


def each(group: stats.Group) -> Decimal:
    """What one of them spent, in the mean."""
    return Decimal(group.mean).quantize(CENT)


def _comparable(pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Those whose variance can be told; where there are none such, those in which both groups are there at all."""
    at_least = [[pair for pair in pairs if min(group.people for group in pair) >= fewest] for fewest in (2, 1)]
    return at_least[0] or at_least[1]


def joined(groups: Sequence[stats.Group]) -> stats.Group:
    return stats.Group(
        sum(group.people for group in groups),
        sum(group.total for group in groups),
        sum(group.squares for group in groups),
        sum(group.buyers for group in groups),
    )
