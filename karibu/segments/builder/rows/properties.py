"""What must be true of an event: its property filters, each an operator and a value."""

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, grouped, words
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import values
from karibu.segments.builder.tree import Row


def read(raw: dict[str, Any]) -> list[dict[str, str]] | None:
    """The fields of each filter in `where`; None for what is written in another way."""
    where = raw.get("where", [])
    if not isinstance(where, list) or not all(isinstance(one, dict) for one in where):
        return None
    return [{"property": str(one.get("property", "")), **values.read(one)} for one in where]


def write(row: Row) -> dict[str, Any]:
    where = [{"property": one.get("property", ""), **values.write(one)} for one in row.where]
    return {"where": where} if where else {}


def controls(row: Row, event: str, known: Known) -> list[list[Control]]:
    """The controls of each filter."""
    return [_one(f"w{number}.", fields, event, known) for number, fields in enumerate(row.where)]


def settle(row: Row, known: Known) -> None:
    for fields in row.where:
        kind = known.property_kind(fields.get("property", ""))
        fields["type"] = "number" if kind == "number" else ""
        if fields.get("op") not in {op for op, _ in values.OPS[kind]}:
            fields["op"] = values.OPS[kind][0][0]


def _one(prefix: str, fields: dict[str, str], event: str, known: Known) -> list[Control]:
    name = fields.get("property", "")
    groups = known.property_groups(event)
    found = [words(_("where")), grouped(f"{prefix}property", _("Property"), name, groups, reshapes=True)]
    if not name:
        return found
    suggest = f"/segments/values/?{urlencode({'event': event, 'property': name})}"
    compared = values.controls(fields, known.property_kind(name), prefix=prefix, suggest=suggest)
    note = known.product_name(fields.get("value", "")) if name == "product_id" else ""
    return [*found, *compared, *([words(note)] if note else [])]
