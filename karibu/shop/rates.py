"""The shop's currency, and what other currencies were worth in it on a day."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection, transaction

from karibu.shop.models import Rate
from karibu.shop.worth import keep_worth
from karibu.web.models import Shop
from karibu.web.queries import shop

# The latest rate on or before the order's day (UTC); the shop's own currency is worth one.
_RATE = """CASE WHEN o.currency = %s THEN 1 ELSE
             (SELECT r.rate FROM shop_rate r WHERE r.currency = o.currency
                AND r.day <= (o.placed_at AT TIME ZONE 'UTC')::date ORDER BY r.day DESC LIMIT 1) END"""


def shop_currency() -> str:
    """ISO 4217 code of the currency that totals are in."""
    return shop().currency


def convert(cursor: psycopg.Cursor[Any], orders: Sequence[int], currency: str) -> None:
    """Sets what these orders (primary keys) come to in the shop's `currency`; null where no rate is known."""
    cursor.execute(
        f"""UPDATE shop_order o SET total_converted = round(o.total * x.rate, 4),
                refunded_converted = coalesce(round(o.refunded * x.rate, 4), 0)
            FROM (SELECT o.id, {_RATE} AS rate FROM shop_order o WHERE o.id = ANY(%s)) x WHERE x.id = o.id""",  # noqa: S608
        [currency, list(orders)],
    )


@transaction.atomic
def enter_rate(currency: str, day: date, rate: Decimal) -> int:
    """Stores that one `currency` was worth `rate` of the shop's currency from `day` on; returns orders converted."""
    Rate.objects.update_or_create(currency=currency, day=day, defaults={"rate": rate})
    return _convert_all("currency = %s", [currency])


@transaction.atomic
def remove_rate(rate: Rate) -> int:
    rate.delete()
    return _convert_all("currency = %s", [rate.currency])


@transaction.atomic
def choose_currency(currency: str) -> int:
    """Makes `currency` the shop's. Rates are per shop currency, so the old ones go; returns orders converted."""
    if Shop.objects.filter(pk=1, currency=currency).exists():  # asked of the database: a form may hold it already
        return 0
    Shop.objects.update_or_create(pk=1, defaults={"currency": currency})
    Rate.objects.all().delete()
    return _convert_all("true", [])


def _convert_all(condition: str, values: list[object]) -> int:
    with connection.cursor() as wrapped:
        cursor: psycopg.Cursor[Any] = wrapped.cursor
        cursor.execute(f"SELECT id, customer_id FROM shop_order WHERE {condition} ORDER BY id FOR UPDATE", values)  # noqa: S608
        rows = cursor.fetchall()
        convert(cursor, [row[0] for row in rows], shop_currency())
        keep_worth(cursor, {row[1] for row in rows})
    return len(rows)
