"""The 20 shapes of condition that bench/segments.py measures, each with the SQL of somebody who knows the files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

SHOES = {"property": "category", "op": "is", "value": "Shoes"}


@dataclass(frozen=True)
class Shape:
    """`sql` is what somebody would write by hand who knows the files; it is the same for both peers but for {words}."""

    title: str
    definition: dict[str, Any]
    sql: str


def did(inner: str) -> str:
    return f"SELECT id FROM customers WHERE id IN (SELECT customer FROM events WHERE {inner})"


def measured(where: str, having: str) -> str:
    return did(f"{where} GROUP BY customer HAVING {having}")


SHAPES = [
    Shape(
        "country is", {"trait": "country", "op": "is", "value": "RW"}, "SELECT id FROM customers WHERE country = 'RW'"
    ),
    Shape(
        "spent between",
        {"trait": "spent", "op": "between", "value": [100, 500]},
        "SELECT id FROM customers WHERE spent BETWEEN 100 AND 500",
    ),
    Shape(
        "e-mail contains",
        {"trait": "email", "op": "contains", "value": "silva"},
        "SELECT id FROM customers WHERE email LIKE '%silva%'",  # addresses are kept in small letters
    ),
    Shape(
        "last order not lately",
        {"trait": "last_order_at", "op": "not_in_last_days", "value": 90},
        "SELECT id FROM customers WHERE last_order_at < {midnight90}",
    ),
    Shape(
        "did in 30 days",
        {"event": "Product Viewed", "within": {"days": 30}},
        did("name = 'Product Viewed' AND time > {t30}"),
    ),
    Shape(
        "did not in 30 days",
        {"event": "Product Viewed", "within": {"days": 30}, "not": True},
        "SELECT id FROM customers WHERE id NOT IN"
        " (SELECT customer FROM events WHERE name = 'Product Viewed' AND time > {t30} AND customer IS NOT NULL)",
    ),
    Shape("did ever", {"event": "Order Completed"}, did("name = 'Order Completed'")),
    Shape(
        "category, 3 times in 30 days",
        {"event": "Product Viewed", "where": [SHOES], "op": "gte", "value": 3, "within": {"days": 30}},
        measured("name = 'Product Viewed' AND category = 'Shoes' AND time > {t30}", "count(*) >= 3"),
    ),
    Shape(
        "category, 3 times ever",
        {"event": "Product Viewed", "where": [SHOES], "op": "gte", "value": 3},
        measured("name = 'Product Viewed' AND category = 'Shoes'", "count(*) >= 3"),
    ),
    Shape(
        "ordered twice",
        {"event": "Order Completed", "op": "gte", "value": 2},
        measured("name = 'Order Completed'", "count(*) >= 2"),
    ),
    Shape(
        "spent 100 in 90 days",
        {"event": "Order Completed", "measure": "sum:value", "op": "gte", "value": 100, "within": {"days": 90}},
        measured("name = 'Order Completed' AND time > {t90}", "sum(value) >= 100"),
    ),
    Shape(
        "viewed fewer than 5 times",
        {"event": "Product Viewed", "op": "lt", "value": 5},
        "SELECT id FROM customers WHERE id NOT IN (SELECT customer FROM events WHERE name = 'Product Viewed'"
        " AND customer IS NOT NULL GROUP BY customer HAVING count(*) >= 5)",
    ),
    Shape(
        "5 different products in 90 days",
        {"event": "Product Viewed", "measure": "distinct:product", "op": "gte", "value": 5, "within": {"days": 90}},
        measured("name = 'Product Viewed' AND time > {t90}", "count(DISTINCT product_id) >= 5"),
    ),
    Shape(
        "first order in 30 days",
        {"event": "Order Completed", "measure": "first", "within": {"days": 30}},
        measured("name = 'Order Completed'", "min(time) > {t30}"),
    ),
    Shape(
        "last order before a day",
        {"event": "Order Completed", "measure": "last", "op": "before", "value": "{day60}"},
        measured("name = 'Order Completed'", "max(time) < {midnight60}"),
    ),
    Shape(
        "an order of more than 50",
        {"event": "Order Completed", "where": [{"property": "value", "op": "gt", "value": 50}]},
        did("name = 'Order Completed' AND value > 50"),
    ),
    Shape(
        "a property inside the JSON",
        {
            "event": "Product Added",
            "where": [{"property": "name", "op": "starts_with", "value": "Shoes"}],
            "within": {"days": 30},
        },
        did("name = 'Product Added' AND time > {t30} AND lower({json_name}) LIKE 'shoes%'"),
    ),
    Shape(
        "added, then not ordered, in 7 days",
        {
            "sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": True}],
            "within": {"days": 7},
        },
        measured(
            "name IN ('Product Added', 'Order Completed') AND time > {t7}",
            "max(CASE WHEN name = 'Product Added' THEN time ELSE {epoch} END) > {epoch} AND"
            " max(CASE WHEN name = 'Product Added' THEN time ELSE {epoch} END)"
            " >= max(CASE WHEN name = 'Order Completed' THEN time ELSE {epoch} END)",
        ),
    ),
    Shape(
        "viewed, added, ordered, in 30 days",
        {
            "sequence": [{"event": "Product Viewed"}, {"event": "Product Added"}, {"event": "Order Completed"}],
            "within": {"days": 30},
        },
        "SELECT id FROM customers WHERE id IN (SELECT e.customer FROM events e JOIN (SELECT customer,"
        " min(CASE WHEN name = 'Product Viewed' THEN time ELSE {never} END) AS first,"
        " max(CASE WHEN name = 'Order Completed' THEN time ELSE {epoch} END) AS last FROM events"
        " WHERE name IN ('Product Viewed', 'Order Completed') AND time > {t30} GROUP BY customer) AS ends"
        " ON ends.customer = e.customer WHERE e.name = 'Product Added' AND e.time > {t30}"
        " AND e.time > ends.first AND e.time < ends.last)",
    ),
    Shape(
        "either or",
        {
            "any": [
                {"trait": "country", "op": "is", "value": "RW"},
                {"event": "Order Completed", "op": "gte", "value": 3},
            ]
        },
        "SELECT id FROM customers WHERE country = 'RW' OR id IN (SELECT customer FROM events"
        " WHERE name = 'Order Completed' AND customer IS NOT NULL GROUP BY customer HAVING count(*) >= 3)",
    ),
]
TEN = {
    "all": [
        {"trait": "country", "op": "in", "value": ["RW", "KE", "TZ"]},
        {"trait": "email", "op": "exists"},
        {"any": [{"trait": "spent", "op": "gte", "value": 20}, {"trait": "orders", "op": "is", "value": 0}]},
        {"event": "Product Viewed", "op": "gte", "value": 2, "within": {"days": 60}},
        {"event": "Product Viewed", "where": [SHOES], "within": {"days": 90}},
        {"not": {"event": "Order Completed", "within": {"days": 7}}},
        {"event": "Products Searched"},
        {"sequence": [{"event": "Product Added"}, {"event": "Checkout Started"}], "within": {"days": 60}},
        {"not": {"trait": "name", "op": "starts_with", "value": "omar"}},
        {"trait": "created_at", "op": "before", "value": "{day60}"},
    ]
}

REBUILT = {
    "everybody": {"trait": "created_at", "op": "exists"},
    "half of them": {"event": "Product Viewed", "within": {"days": 30}},
    "some": {"event": "Order Completed", "op": "gte", "value": 2},
}


def moments(now: datetime, spelt: Callable[[datetime], str]) -> dict[str, str]:
    today = datetime.combine(now.date(), datetime.min.time(), UTC)
    ago = {f"t{days}": spelt(now - timedelta(days=days)) for days in (7, 30, 90)}
    midnights = {f"midnight{days}": spelt(today - timedelta(days=days)) for days in (60, 90)}
    ends = {"epoch": spelt(datetime(1970, 1, 1, tzinfo=UTC)), "never": spelt(datetime(2200, 1, 1, tzinfo=UTC))}
    return {**ago, **midnights, **ends}


def written(raw: Any, today: date) -> Any:
    """The definition with its days filled in."""
    return json.loads(json.dumps(raw).replace("{day60}", str(today - timedelta(days=60))))
