"""Recency, frequency and monetary value: a score of 1 to 5 for each customer who ordered, and the group they make.

Scores are the quintiles of A. M. Hughes, "Strategic Database Marketing" (Probus, 1994): the fifth who ordered last
have recency 5. Equal customers have equal scores, however many they are: the higher one in recency, the lower one in
frequency and value. So somebody with one order never counts as frequent because everybody has one order only, and a
young shop's buyers are new, not lost.

The groups are the usual map of two axes, recency and the mean of the other two (halves upward), as Putler and others
draw it; where their areas overlap this table decides. RFM predicts who answers (Bult and Wansbeek, "Optimal Selection
for Direct Mail", Marketing Science 14(4), 1995), not why: the groups are for choosing what to say.
"""

from datetime import UTC, date, datetime, timedelta
from typing import LiteralString, NamedTuple

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from karibu.customers.models import LISTED, Customer
from karibu.segments.models import Rfm, RfmDay

GRID = {  # by recency; the mean of frequency and monetary value from 1 to 5
    5: ("new", "potential", "potential", "champions", "champions"),
    4: ("promising", "potential", "potential", "loyal", "loyal"),
    3: ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    1: ("lost", "hibernating", "at_risk", "at_risk", "cant_lose"),
}
PART = 10_000  # customers in one transaction: whoever hears of changes gets them in portions
FEW = 20_000
GROWN = 1.1  # with so many more customers than were reckoned, the day's answer is out of date


class Cell(NamedTuple):
    """One field of the grid: how many customers, and what they spent in the shop's currency."""

    recency: int
    value: int
    group: str
    customers: int
    spent: float


def group_of(recency: int, frequency: int, monetary: int) -> str:
    return GRID[recency][value_of(frequency, monetary) - 1]


def value_of(frequency: int, monetary: int) -> int:
    """The grid's second axis."""
    return (frequency + monetary + 1) // 2


def reckon(now: datetime | None = None) -> int:
    """Reckons everybody's scores and keeps the day's grid. Returns how many customers have scores.

    Only rows that change are written. Other processes see the new scores portion by portion.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS segments_scored")  # of one that failed
        cursor.execute(_SCORE, [list(column) for column in zip(*_cells(), strict=True)])
        cursor.execute("SELECT count(*) FROM segments_scored")
        (scored,) = cursor.fetchone()
        for start in range(0, scored, PART):
            cursor.execute(_WRITE, {"from": start, "to": start + PART, "now": now})
        cursor.execute(_FORGET)
        with transaction.atomic():
            cursor.execute("DELETE FROM segments_rfmday WHERE day = %s", [now.astimezone(UTC).date()])
            cursor.execute(_KEEP_DAY, [now.astimezone(UTC).date()])
        cursor.execute("DROP TABLE segments_scored")
    return int(scored)


def is_small() -> bool:
    """Whether so few customers had scores the last time that it costs nothing to look often."""
    latest = RfmDay.objects.order_by("-day").values_list("day", flat=True).first()
    return not latest or (RfmDay.objects.filter(day=latest).aggregate(n=Sum("customers"))["n"] or 0) < FEW


def is_due(now: datetime) -> bool:
    """Whether today's (UTC) grid is not there yet, or many more have ordered since (an import, say); or nobody has
    any more, and some are still in groups."""
    reckoned: int = RfmDay.objects.filter(day=now.astimezone(UTC).date()).aggregate(n=Sum("customers"))["n"] or 0
    buyers = Customer.objects.filter(LISTED, orders__gt=0).count()
    return buyers > reckoned * GROWN or (not buyers and Rfm.objects.exists())


def grid(day: date | None = None) -> list[Cell]:
    """The 25 fields, best first, on a day (the last one that was reckoned): empty fields included."""
    day = day or RfmDay.objects.order_by("-day").values_list("day", flat=True).first()
    kept: dict[tuple[int, int], tuple[int, float]] = {}
    for row in RfmDay.objects.filter(day=day) if day else ():
        place = row.recency, value_of(row.frequency, row.monetary)
        customers, spent = kept.get(place, (0, 0.0))
        kept[place] = customers + row.customers, spent + float(row.spent)
    return [Cell(recency, value, group, *kept.get((recency, value), (0, 0.0))) for recency, value, group in _cells()]


def history(days: int, today: date | None = None) -> list[tuple[date, str, int]]:
    """(day, group, customers) of each of the last `days` days that were reckoned, oldest first."""
    today = today or timezone.now().astimezone(UTC).date()
    rows = RfmDay.objects.filter(day__gt=today - timedelta(days=days), day__lte=today)
    return list(rows.values_list("day", "group").annotate(n=Sum("customers")).order_by("day", "group"))


def _cells() -> list[tuple[int, int, str]]:
    return [(recency, value, group) for recency, row in GRID.items() for value, group in enumerate(row, 1)]


_SCORE: LiteralString = """
    CREATE TEMP TABLE segments_scored AS
    SELECT row_number() OVER (ORDER BY customer_id) - 1 AS place, scored.*, cell.name AS "group" FROM (
        SELECT id AS customer_id, spent,
            ceil(5 * cume_dist() OVER (ORDER BY last_order_at NULLS FIRST))::smallint AS recency,
            least(5, 1 + floor(5 * percent_rank() OVER (ORDER BY orders)))::smallint AS frequency,
            least(5, 1 + floor(5 * percent_rank() OVER (ORDER BY spent)))::smallint AS monetary
        FROM customers_customer WHERE merged_into IS NULL AND erased_at IS NULL AND orders > 0
    ) scored
    JOIN unnest(%s::int[], %s::int[], %s::text[]) AS cell(recency, value, name)
        ON cell.recency = scored.recency AND cell.value = (frequency + monetary + 1) / 2"""
# Whoever was erased or merged since they were scored is left out.
_WRITE: LiteralString = """
    INSERT INTO segments_rfm AS r (customer_id, recency, frequency, monetary, "group", at)
    SELECT customer_id, recency, frequency, monetary, "group", %(now)s
    FROM segments_scored JOIN customers_customer c ON c.id = customer_id
    WHERE place >= %(from)s AND place < %(to)s AND merged_into IS NULL AND erased_at IS NULL ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE SET recency = excluded.recency, frequency = excluded.frequency,
        monetary = excluded.monetary, "group" = excluded."group", at = excluded.at
    WHERE (r.recency, r.frequency, r.monetary) <> (excluded.recency, excluded.frequency, excluded.monetary)"""
_FORGET: LiteralString = """
    DELETE FROM segments_rfm r
    WHERE NOT EXISTS (SELECT FROM segments_scored s WHERE s.customer_id = r.customer_id)"""
_KEEP_DAY: LiteralString = """
    INSERT INTO segments_rfmday (day, recency, frequency, monetary, "group", customers, spent)
    SELECT %s, recency, frequency, monetary, "group", count(*), sum(spent) FROM segments_scored GROUP BY 2, 3, 4, 5"""
