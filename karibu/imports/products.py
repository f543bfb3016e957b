"""A product list: rows change the catalogue itself, and the import remembers what stood there before."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from karibu.events.event import Event
from karibu.imports.models import Import
from karibu.shop.products import learn_products


def take_products(cursor: psycopg.Cursor[Any], imported: Import, events: Sequence[Event]) -> None:
    """Upserts the products of these CATALOGUE events; other columns go to the product's properties."""
    ids = sorted({event.items[0].product_id for event in events})
    cursor.execute(
        """INSERT INTO imports_formerproduct (imported_id, product, row)
           SELECT %s, p.id, to_jsonb(p) FROM shop_product p
           WHERE p.product_id = ANY(%s) AND p.import_id IS DISTINCT FROM %s ON CONFLICT DO NOTHING""",
        [imported.pk, ids, imported.pk],
    )
    learn_products(cursor, events)
    rest = {event.items[0].product_id: event.properties for event in events if event.properties}
    if rest:
        cursor.execute(
            """UPDATE shop_product p SET properties = p.properties || t.rest
               FROM unnest(%s::text[], %s::jsonb[]) AS t(id, rest) WHERE p.product_id = t.id""",
            [list(rest), [Jsonb(properties) for properties in rest.values()]],
        )
