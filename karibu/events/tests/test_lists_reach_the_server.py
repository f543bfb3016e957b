"""Lists as arguments arrive as they are, however they are packed."""

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from karibu.events.arrays import with_bulk_arrays

pytestmark = pytest.mark.django_db
MOMENTS = [datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [0, -1, 127, 40_000, -(2**63), 2**63 - 1]),
        ("bigint", [None, 5, None, 2**40]),
        ("int", [3, -70_000]),
        ("smallint", [1, 2]),
        ("text", ["", "é", 'a"b\\{,}', "x" * 2000, "NULL"]),
        ("text", [None, "a"]),
        ("timestamptz", MOMENTS),
        ("bool", [True, False]),
        ("bigint", []),
        ("text", [None, None]),
    ],
)
def test_a_list(kind: str, values: list[object]) -> None:
    connection.ensure_connection()
    cursor = with_bulk_arrays(psycopg.Cursor(connection.connection))
    asked = cursor.execute(f"SELECT %s::{kind}[], cardinality(%s::{kind}[])", [values, values])
    assert asked.fetchone() == (values, len(values))
