"""Questions about segments: which there are, how many are in them, how that went, who two of them share."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, count
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from karibu.customers import queries as customers
from karibu.customers.models import Customer
from karibu.customers.queries import listed
from karibu.segments.models import ROOM, Member, Segment, Size

KEPT = 600.0  # seconds
FEW = 20_000  # members that are sorted in less time than the order of a large shop is walked
LOOKED_UP = 100_000  # members in whom a common word is looked for sooner than in the order of a list
SPENT = 500  # of a shop without orders, until it has some
_top_tenth: tuple[float, float] | None = None

# The last known size on or before each day; a day before the first size has none.
_SIZES = """
    WITH days AS (SELECT generate_series(%(first)s::date, %(last)s::date, '1 day')::date AS day)
    SELECT s.id, d.day, (SELECT z.members FROM segments_size z WHERE z.segment_id = s.id AND z.day <= d.day
                         ORDER BY z.day DESC LIMIT 1)
    FROM unnest(%(ids)s::bigint[]) AS s(id) CROSS JOIN days d ORDER BY s.id, d.day"""


def segments(*, archived: bool = False) -> QuerySet[Segment]:
    return Segment.objects.filter(archived_at__isnull=not archived)


def called(name: str) -> QuerySet[Segment]:
    """The live segments of this name, in whatever case."""
    return segments().filter(name__iexact=name).order_by("pk")


def free_name(name: str) -> str:
    """The name, or with a number behind it where a live segment is called so."""
    taken = {one.casefold() for one in segments().values_list("name", flat=True)}
    numbers = (f"{name[: ROOM - 8]} ({n})" for n in count(2))
    return next(one for one in chain([name], numbers) if one.casefold() not in taken)


def of_recipe(key: str) -> Segment | None:
    """The oldest live segment that was made from this ready-made one."""
    return segments().filter(recipe=key).order_by("pk").first()


def sizes(segment_ids: Collection[int], days: int) -> dict[int, list[tuple[date, int]]]:
    """How many members each had at the end of each of the last `days` days (UTC), today last.

    Days before it was first counted are left out.
    """
    last = timezone.now().date()
    parameters: dict[str, Any] = {"ids": list(segment_ids), "first": last - timedelta(days=days - 1), "last": last}
    found: dict[int, list[tuple[date, int]]] = {number: [] for number in segment_ids}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, parameters)
        for number, day, members in cursor.fetchall():
            if members is not None:
                found[number].append((day, members))
    return found


def moved(segment_id: int, days: int) -> dict[str, int]:
    """How many `entered` and `left` on the last `days` days (UTC), today among them."""
    since = timezone.now().date() - timedelta(days=days - 1)
    lately = Size.objects.filter(segment_id=segment_id, day__gte=since)
    return lately.aggregate(entered=Coalesce(Sum("entered"), 0), left=Coalesce(Sum("left"), 0))


def members(segment: Segment) -> QuerySet[Customer]:
    """The customers who are in it now.

    Up to FEW are named by their ids, so that they are looked up and sorted, whatever the planner thinks of them.
    """
    inside = Member.objects.filter(segment_id=segment.pk).values_list("customer_id", flat=True)
    ids = list(inside[: FEW + 1])
    return listed().filter(pk__in=inside) if len(ids) > FEW else listed().filter(pk__one_of=ids)


def inside(segment_id: int, customer_ids: Collection[int]) -> list[int]:
    """Those of these customers who are in it now, each looked up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.customer_id FROM unnest(%s::bigint[]) AS one(id)"
            " JOIN segments_member m ON m.segment_id = %s AND m.customer_id = one.id",
            [list(customer_ids), segment_id],
        )
        return [row[0] for row in cursor.fetchall()]


def found_inside(segment_id: int, asked: str) -> list[int]:
    """Those in it now, who are not more than LOOKED_UP, whom these words find (customers.search.query)."""
    inside = Member.objects.filter(segment_id=segment_id).values("customer_id")
    found = listed().filter(pk__in=inside, search__asked=asked).values_list("pk", flat=True)
    with customers.on_two_cores():
        return list(found)


def by_old_ids(ids: Collection[int]) -> QuerySet[Customer]:
    """Who these customers of the past are today: who was merged since is whom they became; the erased are left out."""
    return listed().extra(
        where=[
            "customers_customer.id IN"
            " (SELECT coalesce(c.merged_into, c.id) FROM customers_customer c WHERE c.id = ANY(%s))"
        ],
        params=[list(ids)],
    )


def by_id(
    segment_id: int, limit: int, after: int | None = None, *, down: bool = True
) -> list[tuple[Member, Customer | None]]:
    """Up to `limit` members behind the customer `after`, in the order of their ids: quick in a segment of any size.

    Who was merged or erased and has not left yet has no customer.
    """
    rows = Member.objects.filter(segment_id=segment_id).order_by("-customer_id" if down else "customer_id")
    if after is not None:
        rows = rows.filter(customer_id__lt=after) if down else rows.filter(customer_id__gt=after)
    found = list(rows[:limit])
    known = listed().select_related("activity").in_bulk([one.customer_id for one in found])
    return [(one, known.get(one.customer_id)) for one in found]


def definition_of(number: int) -> Mapping[str, Any] | None:
    """As it is written down; None where there is no such segment, or only in the archive."""
    return Segment.objects.filter(pk=number, archived_at=None).values_list("definition", flat=True).first()


def names(segment_ids: Collection[int]) -> dict[int, str]:
    return dict(Segment.objects.filter(pk__in=list(segment_ids)).values_list("pk", "name"))


@dataclass(frozen=True)
class Overlap:
    """How many are only in the one, in both, only in the other."""

    one: int
    both: int
    other: int

    @property
    def either(self) -> int:
        return self.one + self.both + self.other


def overlap(one: Segment, other: Segment) -> Overlap:
    """Whom two segments share now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE b.customer_id IS NULL),"
            " count(*) FILTER (WHERE a.customer_id = b.customer_id), count(*) FILTER (WHERE a.customer_id IS NULL)"
            " FROM (SELECT customer_id FROM segments_member WHERE segment_id = %s) a"
            " FULL JOIN (SELECT customer_id FROM segments_member WHERE segment_id = %s) b USING (customer_id)",
            [one.pk, other.pk],
        )
        return Overlap(*cursor.fetchone())


def of_customers(customer_ids: Collection[int]) -> QuerySet[Member]:
    """The memberships of these customers, the newest first."""
    return Member.objects.filter(customer_id__in=list(customer_ids)).order_by("-since")


def spent_by_the_top_tenth() -> float:
    """What the tenth of the buyers who spend most have spent at least, in the shop's currency; kept ten minutes."""
    global _top_tenth
    if _top_tenth is None or time.monotonic() - _top_tenth[0] > KEPT:
        _top_tenth = (time.monotonic(), _read_top_tenth())
    return _top_tenth[1]


def _read_top_tenth() -> float:
    buyers = listed().filter(orders__gt=0)
    place = buyers.count() // 10
    best = buyers.order_by("-spent", "-id").values_list("spent", flat=True)
    spent = next(iter(best[place : place + 1]), None)
    return SPENT if not spent else _round_down(float(spent))


def _round_down(amount: float) -> float:
    """Two digits that count, as a person would set the line: 1,234 is 1,200."""
    step: int = 10 ** max(len(str(int(amount))) - 2, 0)
    return amount // step * step
