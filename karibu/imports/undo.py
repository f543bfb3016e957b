"""Undoing an import: exactly what it brought goes, what it changed is as it was, in one transaction."""

from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from karibu.customers import search, traits
from karibu.events import erase, log
from karibu.imports.actions import ENDED, NotReady
from karibu.imports.files import forget
from karibu.imports.models import Import
from karibu.imports.queries import source_name
from karibu.shop.imported import take_out
from karibu.web.actions import record

Cursor = psycopg.Cursor[Any]
Status = Import.Status
# Where a row means that a customer is known for more than the import that made them.
HOLDS = (
    "shop_order",
    "shop_cart",
    "messages_message",
    "journeys_enrollment",
    "insights_attribution",
    "consents_consent",
    "customers_trait",
    "customers_link",
)


def undo(imported: Import, *, by: str) -> dict[str, int]:
    """Returns how many of what are gone. Raises NotReady while it runs or when it was undone before.

    Customers that the import made go when nothing else is known of them; others keep what came otherwise.
    """
    with transaction.atomic():
        row = Import.objects.select_for_update().get(pk=imported.pk)
        if row.status not in (*ENDED, Status.UNDOING):
            raise NotReady(f"Import {row.pk} is {row.status}.")
        connection.ensure_connection()
        cursor: Cursor = psycopg.Cursor(connection.connection)
        gone = {"events": erase.delete_import(row.pk, cursor), **take_out(cursor, row.pk)}
        _restore_products(cursor, row)
        cursor.execute("DELETE FROM consents_consent WHERE import_id = %s", [row.pk])
        gone["customers"] = _take_out_people(cursor, row.pk)
        row.status, row.ended_at = Status.UNDONE, timezone.now()
        row.save(update_fields=["status", "ended_at"])
        record(by, "undid import", f"import {row.pk}", **gone)
    forget(row)
    imported.refresh_from_db()
    return gone


def _restore_products(cursor: Cursor, imported: Import) -> None:
    """As they were, where nothing newer has changed them since."""
    cursor.execute(
        """UPDATE shop_product p SET sku = f.sku, name = f.name, brand = f.brand, category = f.category,
               price = f.price, currency = f.currency, url = f.url, image_url = f.image_url,
               properties = f.properties, updated_at = f.updated_at
           FROM imports_formerproduct t, jsonb_populate_record(NULL::shop_product, t.row) f
           WHERE t.imported_id = %s AND p.id = t.product AND p.updated_at <= %s""",
        [imported.pk, imported.started_at],
    )
    imported.former_products.all().delete()


def _take_out_people(cursor: Cursor, import_id: int) -> int:
    source = source_name(import_id)
    cursor.execute("DELETE FROM customers_trait WHERE source = %s RETURNING customer_id", [source])
    changed = {row[0] for row in cursor.fetchall()}
    cursor.execute("SELECT id FROM customers_customer WHERE import_id = %s AND erased_at IS NULL", [import_id])
    made = [row[0] for row in cursor.fetchall()]
    gone = _without_anything_else(cursor, made)
    cursor.execute("SELECT customer_id FROM customers_identity WHERE evidence = %s", [source])
    changed |= {row[0] for row in cursor.fetchall()}
    cursor.execute("DELETE FROM customers_identity WHERE customer_id = ANY(%s)", [gone])
    # An identifier of somebody who stays: whom the import made keep it, it is how their later events found them.
    cursor.execute(
        """DELETE FROM customers_identity i WHERE i.evidence = %s
           AND NOT EXISTS (SELECT 1 FROM unnest(%s::bigint[]) AS made(id) WHERE made.id = i.customer_id)""",
        [source, made],
    )
    cursor.execute("DELETE FROM customers_activity WHERE customer_id = ANY(%s)", [gone])
    cursor.execute("DELETE FROM customers_suggestion WHERE one = ANY(%s) OR other = ANY(%s)", [gone, gone])
    cursor.execute("DELETE FROM customers_customer WHERE id = ANY(%s)", [gone])
    left = sorted(changed - set(gone))
    for start in range(0, len(left), 2000):
        traits.settle(cursor, left[start : start + 2000])
        search.refresh(cursor, left[start : start + 2000])
    return len(gone)


def _without_anything_else(cursor: Cursor, made: list[int]) -> list[int]:
    if not made:
        return []
    found = log.query(
        "SELECT DISTINCT customer FROM events WHERE customer IN (SELECT unnest($made))", {"made": made}, customers=made
    )
    held: set[int] = set(found["customer"].to_pylist())
    for table in HOLDS:
        cursor.execute(f"SELECT DISTINCT customer_id FROM {table} WHERE customer_id = ANY(%s)", [made])  # noqa: S608
        held |= {row[0] for row in cursor.fetchall()}
    cursor.execute(
        """SELECT winner FROM customers_merge WHERE winner = ANY(%s) AND undone_at IS NULL
           UNION SELECT loser FROM customers_merge WHERE loser = ANY(%s) AND undone_at IS NULL""",
        [made, made],
    )
    held |= {row[0] for row in cursor.fetchall()}
    return sorted(set(made) - held)
