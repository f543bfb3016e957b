"""What the first rows of a file would become, in words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.customers.evidence import read
from karibu.events.event import Event
from karibu.imports.fields import FIELDS, wanted
from karibu.imports.models import Import
from karibu.imports.run import turning_of
from karibu.imports.turn import preview
from karibu.imports.work import NOBODY
from karibu.shop.products import CATALOGUE
from karibu.web import formats
from karibu.web.queries import shop

ROWS = 8


@dataclass(frozen=True)
class Shown:
    lines: str
    sentence: str
    fault: str


def first_rows(imported: Import) -> list[Shown]:
    found = imported.format
    places = [found["columns"].index(name) for name in wanted(imported.kind, imported.mapping, found["columns"])]
    first = 1 if found["type"] == "parquet" or found["header_row"] is None else found["header_row"] + 2
    rows = [(first + n, "", *(row[place] for place in places)) for n, row in enumerate(found["sample"])]
    if imported.kind == "orders" and (column := imported.mapping.get("order_id")) in found["columns"]:
        at = places.index(found["columns"].index(column)) + 2
        rows.sort(key=lambda row: str(row[at]))  # as the whole file will be
    labels = {field.name: str(field.label) for field in FIELDS[imported.kind]}
    shown = []
    for unit, event, field, fault in preview(turning_of(imported), rows)[:ROWS]:
        lines = ", ".join(str(line.number) for line in unit.lines)
        why = f"{labels[field]}: {fault}" if field in labels else fault
        if event and imported.kind != Import.Kind.PRODUCTS and not _names_somebody(event):
            event, why = None, NOBODY
        shown.append(Shown(lines, _sentence(event) if event else "", why))
    return shown


def _names_somebody(event: Event) -> bool:
    found = read(event, shop().country)
    return bool(found.keys or found.browser)


def _sentence(event: Event) -> str:
    if event.name == CATALOGUE:
        item = event.items[0]
        price = formats.money(item.price, event.currency) if item.price is not None else ""
        return " · ".join(part for part in (item.product_id, item.name, item.brand, item.category, price) if part)
    who = event.user_id or str(event.traits.get("email") or event.properties.get("email") or event.anonymous_id)
    if event.name == "Order Completed" and event.order_id:
        lines = ngettext("%(n)d line", "%(n)d lines", len(event.items)) % {"n": len(event.items)}
        return _("Order %(id)s of customer %(who)s, %(day)s: %(lines)s, %(total)s") % {
            "id": event.order_id,
            "who": who,
            "day": formats.moment(event.time),
            "lines": lines,
            "total": formats.money(event.value, event.currency),
        }
    if event.type == "identify":
        traits = ", ".join(f"{name} {value}" for name, value in event.traits.items())
        return _("Customer %(who)s: %(traits)s") % {"who": who, "traits": traits[:200]}
    return _("%(who)s: %(event)s, %(day)s") % {"who": who, "event": event.name, "day": formats.moment(event.time)}
