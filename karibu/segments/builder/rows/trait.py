"""Who: what is known of the customer."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, grouped
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import values
from karibu.segments.builder.tree import Row

KIND, LABEL = "trait", _("who")


def read(raw: dict[str, Any]) -> Row | None:
    return Row(KIND, {"trait": str(raw["trait"]), **values.read(raw)}) if "trait" in raw else None


def write(row: Row) -> dict[str, Any]:
    return {"trait": row.get("trait"), **values.write(row.fields)}


def controls(row: Row, known: Known) -> list[Control]:
    trait = known.trait(row.get("trait"))
    chosen = grouped("trait", _("What is known of them"), row.get("trait"), known.trait_groups(), reshapes=True)
    if not row.get("trait"):
        return [chosen]
    return [chosen, *values.controls(row.fields, trait.kind, choices=trait.choices, hints=known.hints(trait))]


def settle(row: Row, known: Known) -> None:
    """What was typed is a number, a yes or no, or a text, as the trait is."""
    trait = known.trait(row.get("trait"))
    row.fields["type"] = trait.kind if trait.kind in ("number", "truth") else ""
    if row.get("op") not in {op for op, _ in values.OPS[trait.kind]}:
        row.fields["op"] = values.OPS[trait.kind][0][0]
