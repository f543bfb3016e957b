"""Exports that are known by their columns: where a name alone would lead to the wrong field, this says better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Export:
    """`signature`: columns that no other file has together. `mapping`: {our field: their column}; "" for none."""

    name: str
    kind: str
    signature: frozenset[str]
    mapping: Mapping[str, str] = field(default_factory=dict)


EXPORTS = (
    # "Id" and "Total" stand on the first line of an order alone, "Name" (#1001) and "Created at" on each.
    Export("Shopify", "orders", frozenset({"Name", "Lineitem name", "Financial Status"}), {
        "order_id": "Name", "placed_at": "Created at", "line_total": "", "channel": "Source"}),
    Export("Shopify", "customers", frozenset({"Customer ID", "Accepts Email Marketing", "Total Spent"}), {
        "city": "Default Address City", "country": "Default Address Country Code"}),
    Export("Shopify", "products", frozenset({"Handle", "Title", "Variant SKU"})),
    Export("WooCommerce", "orders", frozenset({"Order Total", "Billing Email", "Item Name"})),
    Export("WooCommerce", "products", frozenset({"ID", "SKU", "Regular price", "Visibility in catalog"}), {
        "category": "Categories", "price": "Regular price"}),
)  # fmt: skip


def recognised(columns: Sequence[str]) -> Export | None:
    held = set(columns)
    return next((one for one in EXPORTS if one.signature <= held), None)
