"""Rows become events: a customer's row an identify, an order's lines one Order Completed, an event's row itself.

Events of an import are historical, come from "import N" and carry its number; everything else is as with any event.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import groupby
from typing import Any

import msgspec

from karibu.collect.ip import shortened_fields
from karibu.customers import evidence
from karibu.events.commerce import MOST_PIECES, PLACES, line_total, promote
from karibu.events.event import Event, Item, as_json
from karibu.imports.cells import BadCell, amount, moment
from karibu.shop.products import CATALOGUE

Cells = dict[str, str]  # by our field, without the empty ones


@dataclass(frozen=True)
class Line:
    """One row of the file."""

    number: int
    fault: str
    cells: Cells
    rest: Cells  # columns that no field of ours was chosen for


@dataclass(frozen=True)
class Unit:
    """What takes effect or is set aside together: the rows of one order, or one row. `rows` counts staged rows."""

    lines: list[Line]

    @property
    def rows(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class Turning:
    """How one import's rows are read."""

    import_id: int
    kind: str
    mapping: dict[str, str]  # our field: their column
    columns: list[str]  # of the staged file
    started_at: datetime
    zone: str = "UTC"
    day_first: bool = False
    currency: str = ""
    match: str = "any"

    def units(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Unit]:
        lines = map(self._reader(), rows)
        if self.kind != "orders":
            return (Unit([line]) for line in lines)
        # Lines without an order id stand alone, each with its own fault.
        grouped = groupby(lines, key=lambda line: line.cells.get("order_id") or -line.number)
        return (Unit(list(group)) for _, group in grouped)

    def event(self, unit: Unit) -> Event:
        """Raises BadCell, or RowFault for a row that could not be read at all."""
        for line in unit.lines:
            if line.fault:
                raise RowFault(line, line.fault)
        turn: Callable[[Unit], Event] = {
            "customers": self._customer,
            "products": self._product,
            "orders": self._order,
            "events": self._event,
        }[self.kind]
        return turn(unit)

    def _reader(self) -> Callable[[tuple[Any, ...]], Line]:
        fields = {theirs: ours for ours, theirs in self.mapping.items()}
        names = [(fields.get(column, ""), column) for column in self.columns]

        def line(row: tuple[Any, ...]) -> Line:
            cells: Cells = {}
            rest: Cells = {}
            for (ours, theirs), cell in zip(names, row[2:], strict=True):
                if cell and (stripped := cell.strip()):
                    if stripped[0] == "'" and stripped[1:].lstrip("+").isdigit():
                        stripped = stripped[1:]  # so spreadsheets are told that a number is text
                    if ours:
                        cells[ours] = stripped
                    else:
                        rest[theirs] = stripped
            return Line(row[0], row[1], cells, rest)

        return line

    def _base(self, cells: Cells, message: str, **fields: Any) -> Event:
        if self.match != "any" and self.match not in cells:
            raise BadCell(self.match, "is empty, and customers are matched by it")
        return Event(
            message_id=f"import:{self.import_id}:{message}",
            received_at=self.started_at,
            source_id=0,
            source=f"import {self.import_id}",
            channel="import",
            historical=True,
            import_id=self.import_id,
            user_id=cells.get("external_id", "") if self.match in ("any", "external_id") else "",
            **fields,
        )

    def _time(self, cells: Cells, field: str) -> datetime:
        if field not in cells:
            raise BadCell(field, "is empty")
        return moment(cells[field], field, self.zone, self.day_first)

    def _customer(self, unit: Unit) -> Event:
        (line,) = unit.lines
        _need_somebody(line.cells)
        since = self._time(line.cells, "created_at") if "created_at" in line.cells else self.started_at
        told = {name: cell for name, cell in line.cells.items() if name not in ("external_id", "created_at")}
        if "external_id" in line.cells and self.match in ("email", "phone"):
            told["shop_id"] = line.cells["external_id"]
        traits = {**{_trait(name): cell for name, cell in shortened_fields(line.rest).items()}, **told}
        return self._base(line.cells, str(line.number), type="identify", name="Identified", time=since, traits=traits)

    def _product(self, unit: Unit) -> Event:
        (line,) = unit.lines
        cells = line.cells
        if len(cells.get("product_id", "")) not in range(1, 201):
            raise BadCell("product_id", "is empty or longer than 200 characters")
        item = Item(
            product_id=cells["product_id"],
            sku=cells.get("sku", "")[:200],
            name=cells.get("name", "")[:500],
            brand=cells.get("brand", "")[:200],
            category=cells.get("category", "")[:300],
            price=amount(cells["price"], "price") if "price" in cells else None,
            url=cells.get("url", "")[:2000],
            image_url=cells.get("image_url", "")[:2000],
        )
        return Event(
            message_id="", type="track", name=CATALOGUE, time=self.started_at, received_at=self.started_at,
            source_id=0, import_id=self.import_id, currency=self._currency(cells) if item.price is not None else "",
            items=[item], properties_json=as_json(dict(line.rest)),
        )  # fmt: skip

    def _order(self, unit: Unit) -> Event:
        first = unit.lines[0].cells
        if len(first.get("order_id", "")) not in range(1, 201):
            raise RowFault(unit.lines[0], "is empty or longer than 200 characters", "order_id")
        whole: Cells = {}
        items = []
        for line in unit.lines:
            for name, cell in line.cells.items():
                whole.setdefault(name, cell)
            try:
                if item := _item(line.cells):
                    items.append(item)
            except BadCell as bad:
                raise RowFault(line, bad.reason, bad.field) from None
        _need_somebody(whole)
        total = amount(whole["total"], "total") if "total" in whole else sum(map(line_total, items), Decimal(0))
        if "total" not in whole and not items:
            raise BadCell("total", "neither a total nor a line with money")
        return self._base(
            whole, f"order:{whole['order_id']}", type="track", name="Order Completed",
            time=self._time(whole, "placed_at"), order_id=whole["order_id"], value=total,
            currency=self._currency(whole), coupon=whole.get("coupon", "")[:200], items=items,
            quantity=sum(item.quantity for item in items) if items else None,
            properties_json=as_json({name: whole[name] for name in ("email", "phone") if name in whole}),
        )  # fmt: skip

    def _event(self, unit: Unit) -> Event:
        (line,) = unit.lines
        cells = line.cells
        if not (any(key in cells for key in ("external_id", "email", "phone", "anonymous_id"))):
            raise BadCell("external_id", "nothing says whose event this is")
        if "name" not in cells:
            raise BadCell("name", "is empty")
        event = self._base(
            cells, cells.get("message_id", str(line.number)), type="track", name=cells["name"][:200],
            time=self._time(cells, "time"), anonymous_id=cells.get("anonymous_id", "")[:300],
            properties_json=as_json(shortened_fields({**line.rest, **_properties(cells.get("properties", ""))})),
            context_json=as_json(_who(cells)),
        )  # fmt: skip
        promote(event)
        if event.value is not None and not event.currency:
            event.currency = self.currency
        return event

    def _currency(self, cells: Cells) -> str:
        given = cells.get("currency", self.currency).upper()
        if len(given) != 3 or not given.isalpha() or not given.isascii():
            raise BadCell("currency", f"“{given[:20]}” is no currency code")
        return given


class RowFault(ValueError):
    """This line keeps its unit from being taken."""

    def __init__(self, line: Line, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.line, self.reason, self.field = line, reason, field


def _need_somebody(cells: Cells) -> None:
    if "email" in cells or "phone" in cells:
        return
    if "external_id" not in cells:
        raise BadCell("external_id", "nothing says who the customer is")
    if not evidence.names_somebody(cells["external_id"]):
        raise BadCell("external_id", f"“{cells['external_id']}” is nobody's id")


def _item(cells: Cells) -> Item | None:
    """A line's exact total is kept; the price of one piece is what it comes to."""
    product, name = cells.get("product_id", ""), cells.get("product_name", "")
    if not (product or name or "line_total" in cells or "price" in cells):
        return None
    pieces = amount(cells.get("quantity", "1"), "quantity")
    if not 0 <= pieces <= MOST_PIECES:
        raise BadCell("quantity", f"“{cells['quantity'][:80]}” is no number of pieces")
    quantity = int(pieces) if pieces == pieces.to_integral_value() else max(1, round(pieces))
    total = amount(cells["line_total"], "line_total") if "line_total" in cells else None
    price = amount(cells["price"], "price") if "price" in cells else None
    if total is None and price is not None and quantity != pieces:
        total = (price * pieces).quantize(PLACES, ROUND_HALF_EVEN)
    if price is None and total is not None:
        price = (total / quantity).quantize(PLACES, ROUND_HALF_EVEN) if quantity else total
    if total is not None and price is not None and total == price * quantity:
        total = None  # says nothing that price and quantity do not
    return Item(product_id=product[:200], name=name[:500], category=cells.get("category", "")[:300],
                price=price, quantity=quantity, total=total)  # fmt: skip


def _trait(name: str) -> str:
    return "_".join(name.lower().split())[:200]


def _who(cells: Cells) -> dict[str, Any]:
    known = {name: cells[name] for name in ("email", "phone") if name in cells}
    return {"traits": known} if known else {}


def _properties(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise BadCell("properties", "is no JSON object") from None


def preview(turning: Turning, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Unit, Event | None, str, str]]:
    """What these rows would become: (unit, event or None, the field that keeps it from that, why)."""
    shown: list[tuple[Unit, Event | None, str, str]] = []
    for unit in turning.units(rows):
        try:
            shown.append((unit, turning.event(unit), "", ""))
        except (BadCell, RowFault) as bad:
            shown.append((unit, None, bad.field, bad.reason))
    return shown
