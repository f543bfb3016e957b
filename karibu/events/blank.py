"""What stays of an event when the person behind it becomes nobody: what happened, when, to which goods, for how much.

Everything that could name somebody goes: ids of people, browsers, carts and messages, addresses of pages, what was
searched for, and whatever the shop added of its own. What stays is listed here, so that a new column goes by itself.
The event's own id, which whoever sent it made up, becomes another one.
"""

from karibu.events import schema

KEPT = frozenset({
    "customer", "type", "name", "time", "received_at", "source_id", "source", "channel", "historical", "import_id",
    "order_id", "product_id", "category", "value", "currency", "quantity", "campaign", "message", "utm_source",
    "utm_medium", "utm_campaign", "items",
})  # fmt: skip
_OF_ITEMS = frozenset({"product_id", "sku", "name", "brand", "variant", "category", "price", "quantity", "total"})
# Of what stays, where a shop may have written a person all the same: such an event goes whole.
_TEXTS = (
    "name", "source", "channel", "order_id", "product_id", "category", "campaign", "utm_source", "utm_medium",
    "utm_campaign",
)  # fmt: skip


def select(condition: str) -> dict[str, str]:
    """SQL for each column of the log: as it is, and empty for what `condition` is true for."""
    return {name: _column(name, condition) for name in schema.schema().names}


def speaks(pattern: str) -> str:
    """SQL: whether what would stay of an event still names somebody. `pattern` is a quoted regular expression."""
    texts = ", ".join([*_TEXTS, "CAST(items AS VARCHAR)"])  # together: such a pattern takes long to be compiled
    return f"regexp_matches(concat_ws(chr(10), {texts}), {pattern}, 'i')"


def _column(name: str, condition: str) -> str:
    if name in KEPT - {"items"}:
        return name
    blank = {"items": _bare_items(), "message_id": "CAST(uuid() AS VARCHAR)"}.get(name, "NULL")
    return f"CASE WHEN {condition} THEN {blank} ELSE {name} END AS {name}"


def _bare_items() -> str:
    parts = [f"'{field.name}': {f'i.{field.name}' if field.name in _OF_ITEMS else 'NULL'}" for field in schema.ITEM]
    return f"list_transform(items, lambda i: {{{', '.join(parts)}}})"
