"""Customers as the tests of segments need them, and what the mirror says of them."""

from datetime import UTC, datetime
from typing import Any

from karibu.customers.models import Customer
from karibu.events import engine
from karibu.segments import mirror

BEGUN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def customer(**said: Any) -> int:
    """A new customer's id."""
    return Customer.objects.create(**{"created_at": BEGUN, "is_anonymous": False} | said).pk


def mirrored(state: mirror.State) -> dict[int, dict[str, Any]]:
    """{id: columns} as an engine sees them."""
    with engine.cursor() as cursor:
        state.attach(cursor)
        rows = cursor.sql("SELECT * FROM customers").to_arrow_table().to_pylist()
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def merged(state: mirror.State) -> dict[int, int]:
    """{id: who this is today} of all who were merged into another, as an engine sees it."""
    with engine.cursor() as cursor:
        state.attach(cursor)
        return dict(cursor.execute("SELECT id, person FROM family").fetchall())


def straight() -> dict[int, dict[str, Any]]:
    """{id: columns} of everybody, straight from PostgreSQL."""
    everybody = list(Customer.objects.values_list("pk", flat=True))
    return {row["id"]: row for row in mirror.rows(everybody).to_pylist()}
