"""Codes for one person each: filled into pools, claimed in bulk, redeemed by the orders that carry them.

A code is written in capitals and compared so. Whoever claims names a key; a key that has a code keeps it, whatever
happens, so that a sender that was killed and begins again gives nobody a second one.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg
from django.db import IntegrityError, connection, transaction

from karibu.events.event import Event
from karibu.shop.models import CouponPool
from karibu.shop.orders import ABOUT_ORDERS
from karibu.web.actions import record

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is read as something else
ENOUGH = 10_000  # more than so many left are not counted one by one
CHUNK = 10_000
TRIES = 5  # at a claim that others make at the same moment, and at random codes that exist already

_LEFT = """
    SELECT p.id, (SELECT count(*) FROM (SELECT 1 FROM shop_coupon c WHERE c.pool_id = p.id AND c.claimed_at IS NULL
                  LIMIT %s) AS free) FROM unnest(%s::bigint[]) AS p(id)"""
# The fence keeps the planner from joining first: rows are taken by the partial index of what is left, and no others.
_CLAIM = """
    WITH wanted AS MATERIALIZED (
        SELECT w.key, w.customer_id, row_number() OVER () AS n
        FROM unnest(%(keys)s::text[], %(customers)s::bigint[]) AS w(key, customer_id)
        WHERE NOT EXISTS (SELECT 1 FROM shop_coupon c WHERE c.key = w.key)
    ), free AS MATERIALIZED (
        SELECT id FROM shop_coupon WHERE pool_id = %(pool)s AND claimed_at IS NULL
        ORDER BY id LIMIT (SELECT count(*) FROM wanted) FOR UPDATE SKIP LOCKED
    ), given AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM free)
    UPDATE shop_coupon c SET key = w.key, customer_id = w.customer_id, claimed_at = now()
    FROM given g JOIN wanted w USING (n) WHERE c.id = g.id"""
_REDEEM = """
    WITH carried AS MATERIALIZED (
        SELECT order_id, upper(coupon) AS code, placed_at FROM shop_order
        WHERE order_id = ANY(%s) AND coupon <> '' AND status IN ('placed', 'refunded')
    ), first AS (SELECT DISTINCT ON (code) * FROM carried ORDER BY code, placed_at, order_id)
    UPDATE shop_coupon c SET order_id = o.order_id, redeemed_at = o.placed_at FROM first o
    WHERE c.code = o.code AND c.order_id = ''"""


def left(pool_ids: Collection[int], most: int = ENOUGH) -> dict[int, int]:
    """How many codes nobody has, in each of these pools; counted up to `most`, which takes a few milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [most, list(pool_ids)])
        return dict(cursor.fetchall())


def claim(pool_id: int, wants: Sequence[tuple[int, str]]) -> dict[str, str]:
    """{key: code} for each (customer, key), in the caller's transaction.

    A key that has a code already keeps it. Where none is left it gets the pool's fall-back ("" where there is none),
    of which nothing is kept. Any number of callers share a pool: nobody waits, no code is given twice.
    """
    keys = {key: customer for customer, key in wants}
    parameters = {"keys": list(keys), "customers": list(keys.values()), "pool": pool_id}
    with transaction.atomic(), connection.cursor() as cursor:
        _give(cursor, parameters)
        cursor.execute("SELECT key, code FROM shop_coupon WHERE key = ANY(%s)", [list(keys)])
        found: dict[str, str] = dict(cursor.fetchall())
    if len(found) < len(keys):
        fallback = CouponPool.objects.values_list("fallback", flat=True).get(pk=pool_id)
        found = {**dict.fromkeys(keys, fallback), **found}
    return found


def _give(cursor: Any, parameters: dict[str, Any]) -> None:
    """Somebody who claims for the same key at the same moment is waited for, and then theirs is found."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                cursor.execute(_CLAIM, parameters)
            return
        except IntegrityError:
            if attempt == TRIES - 1:
                raise


def redeem(cursor: psycopg.Cursor[Any], events: Iterable[Event]) -> None:
    """Notes which codes these events' orders carried. The first order of a code is the one that counts."""
    orders = {event.order_id for event in events if event.name in ABOUT_ORDERS and event.order_id and event.coupon}
    if orders:
        cursor.execute(_REDEEM, [sorted(orders)])


def generate(pool: CouponPool, number: int, *, by: str, prefix: str = "", length: int = 8) -> int:
    """Adds `number` codes that nobody can guess; returns how many there were to have (all, but for short codes)."""
    made = 0
    with transaction.atomic():
        for _ in range(TRIES):
            while made < number:
                added = _insert(pool, [prefix + _random(length) for _ in range(min(CHUNK, number - made))])
                made += added
                if not added:
                    break
        record(by, "made coupons", f"coupon pool {pool.pk}", number=made)
    return made


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def bring_in(pool: CouponPool, lines: Iterable[str], *, by: str) -> tuple[int, int]:
    """Adds the codes of a list, one a line. Returns how many were new, and how many there were already."""
    codes = _codes(lines)
    read = added = 0
    with transaction.atomic():
        while chunk := list(islice(codes, CHUNK)):
            read += len(chunk)
            added += _insert(pool, chunk)
        record(by, "brought in coupons", f"coupon pool {pool.pk}", number=added)
    return added, read - added


def _codes(lines: Iterable[str]) -> Iterator[str]:
    """The first column of each line; no quotes, no heading."""
    for number, line in enumerate(lines):
        code = line.replace(";", ",").split(",")[0].strip().strip("\"'\ufeff").upper()
        if code and len(code) <= 200 and code.isprintable() and not (number == 0 and code in ("CODE", "COUPON")):
            yield code


def _insert(pool: CouponPool, codes: Sequence[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_coupon (pool_id, code, order_id) SELECT %s, upper(code), '' "
            "FROM unnest(%s::text[]) AS n(code) ON CONFLICT (code) DO NOTHING",
            [pool.pk, list(codes)],
        )
        return int(cursor.rowcount)


def low_pools() -> list[tuple[CouponPool, int]]:
    """Each pool with no more codes left than its low-water mark, and how many those are."""
    pools = list(CouponPool.objects.filter(low_water__gt=0).order_by("name"))
    if not pools:
        return []
    number = left([pool.pk for pool in pools], max(pool.low_water for pool in pools) + 1)
    return [(pool, number[pool.pk]) for pool in pools if number[pool.pk] <= pool.low_water]
