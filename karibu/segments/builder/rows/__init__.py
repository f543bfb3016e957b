"""The kinds of rows. Adding one: copy the nearest and add it to ROWS.

Each module has KIND, LABEL (what its first select says), `read(raw) -> Row | None` (None: not mine), `write(row)`,
`controls(row, known) -> controls` and `settle(row, known)`, which makes what was posted fit what it is compared with.
A condition that `write(read(raw))` would change stays as it is written.
"""

from types import ModuleType
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import (
    bought,
    consent,
    event,
    message,
    prediction,
    properties,
    rfm,
    segment,
    trait,
    window,
    written,
)
from karibu.segments.builder.tree import Row
from karibu.segments.definition import parse
from karibu.segments.faults import DefinitionError

ROWS: dict[str, ModuleType] = {
    module.KIND: module for module in (trait, event, bought, message, consent, rfm, prediction, segment)
}
__all__ = [
    "ROWS",
    "as_written",
    "controls",
    "filter_label",
    "filter_of",
    "filters",
    "has_filters",
    "kinds",
    "read",
    "same",
    "settle",
    "window",
    "write",
]


def read(raw: dict[str, Any]) -> Row | None:
    """The row that shows this condition; None where none can show all of it."""
    # What people bought is said as such, not as the event that tells of it.
    for module in (bought, *ROWS.values()):
        row: Row | None = module.read(raw)
        if row is not None and same(module.write(row), raw):
            return row
    return None


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both say the same; what goes without saying may be said."""
    try:
        return parse(one).raw == parse(other).raw
    except DefinitionError:
        return False


def write(row: Row) -> dict[str, Any]:
    module = ROWS.get(row.kind, written)
    raw: dict[str, Any] = module.write(row)
    return raw


def as_written(raw: dict[str, Any]) -> Row:
    return written.row(raw)


def controls(row: Row, known: Known) -> list[Control]:
    module = ROWS.get(row.kind, written)
    found: list[Control] = module.controls(row, known)
    return found


def filters(row: Row, known: Known) -> list[list[Control]]:
    """The controls of each of its property filters."""
    return properties.controls(row, row.get("event"), known) if has_filters(row) else []


def has_filters(row: Row) -> bool:
    return row.kind in (event.KIND, bought.KIND)


def filter_of(row: Row) -> dict[str, str]:
    """What one more filter of it begins with: who says "bought" says what next."""
    return {"property": "product_id", "op": "is"} if row.kind == bought.KIND and not row.where else {}


def filter_label(row: Row) -> Any:
    """The words of the button that adds a filter."""
    return _("which product") if filter_of(row) else _("where")


def settle(row: Row, known: Known) -> None:
    """After a form was read: what was typed is a number or a text, as what it is compared with."""
    ROWS.get(row.kind, written).settle(row, known)


def kinds(row: Row) -> list[tuple[str, Any]]:
    """What the first select of a row offers."""
    own = [(written.KIND, written.LABEL)] if row.kind not in ROWS else []
    return [*((module.KIND, module.LABEL) for module in ROWS.values()), *own]
