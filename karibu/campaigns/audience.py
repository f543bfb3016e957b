"""Who a campaign is for: the members of its segments, without those of others.

Segments keep themselves up to date, so their members are rows of PostgreSQL; an audience is walked by customer, in
chunks, each statement as quick at the millionth as at the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from karibu.campaigns.models import Campaign
from karibu.segments.models import Segment


class Person(NamedTuple):
    customer_id: int
    zone: str


@dataclass(frozen=True)
class Chunk:
    """Some people of the audience, and the last customer that was looked at for them; None: that was everybody.

    `is_known`: whether all members of the segments were known when they were looked for; none are of an archived one.
    """

    people: list[Person]
    last: int | None
    is_known: bool = True


# Each segment is walked along its own index, so that a chunk costs the same wherever it lies.
_MEMBERS = """
    SELECT DISTINCT m.customer_id AS id FROM unnest(%(include)s::bigint[]) AS s(id), LATERAL (
        SELECT customer_id FROM segments_member WHERE segment_id = s.id AND customer_id > %(after)s
        ORDER BY customer_id LIMIT %(limit)s) AS m
    ORDER BY 1 LIMIT %(limit)s"""
_EVERYBODY = "SELECT id FROM customers_customer WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"
# Nobody is left out of the second column, so that it says how far this chunk reaches; NULL where there is nobody.
_CHUNK = """
    SELECT k.are_known, f.id, c.timezone, c.id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM segments_member x WHERE x.customer_id = f.id AND x.segment_id = ANY(%(exclude)s))
    FROM (SELECT NOT EXISTS (
        SELECT 1 FROM segments_segment WHERE id = ANY(%(include)s::bigint[] || %(exclude)s::bigint[])
        AND size IS NULL) AS are_known) AS k
    LEFT JOIN ({found}) AS f ON true
    LEFT JOIN customers_customer c ON c.id = f.id AND c.merged_into IS NULL AND c.erased_at IS NULL {known}
    ORDER BY 2"""
_KNOWN = "AND NOT c.is_anonymous"
_ALL = """
    SELECT c.id FROM customers_customer c WHERE c.merged_into IS NULL AND c.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM segments_member x WHERE x.customer_id = c.id AND x.segment_id = ANY(%(exclude)s))
    AND {who}"""
_INSIDE = "c.id IN (SELECT customer_id FROM segments_member WHERE segment_id = ANY(%(include)s))"


def chunk(campaign: Campaign, after: int, limit: int) -> Chunk:
    """The next people behind the customer `after`; at most `limit` are looked at."""
    found = _MEMBERS if campaign.include else _EVERYBODY
    query = _CHUNK.format(found=found, known="" if campaign.include else _KNOWN)
    parameters: dict[str, Any] = {
        "include": campaign.include,
        "exclude": campaign.exclude,
        "after": after,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows = cursor.fetchall()
    people = [Person(number, zone) for _known, number, zone, belongs in rows if belongs]
    return Chunk(people, rows[-1][1] if len(rows) == limit else None, rows[0][0])


def count(include: Sequence[int], exclude: Sequence[int]) -> int:
    """How many people these segments mean now."""
    if len(include) == 1 and not exclude:
        size = Segment.objects.filter(pk=include[0]).values_list("size", flat=True).first()
        return size or 0
    query = f"SELECT count(*) FROM ({_all(include)}) AS everybody"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, {"include": list(include), "exclude": list(exclude)})
        return int(cursor.fetchone()[0])


def sample(include: Sequence[int], exclude: Sequence[int], limit: int) -> list[Person]:
    """Up to `limit` people, spread over the whole audience; the same ones as long as nothing changes."""
    query = f"""WITH picked AS ({_all(include)} ORDER BY c.id * 7919 %% 10007, c.id LIMIT %(limit)s)
        SELECT c.id, c.timezone FROM picked JOIN customers_customer c USING (id)"""  # noqa: S608
    parameters: dict[str, Any] = {"include": list(include), "exclude": list(exclude), "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [Person(*row) for row in cursor.fetchall()]


def _all(include: Sequence[int]) -> str:
    return _ALL.format(who=_INSIDE if include else "NOT c.is_anonymous")


def unready(campaign: Campaign) -> list[Segment]:
    """The segments that it names whose people are not found yet, or not any more (the archive)."""
    return list(Segment.objects.filter(pk__in=[*campaign.include, *campaign.exclude], size=None))
