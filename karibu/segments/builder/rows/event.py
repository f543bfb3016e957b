"""Did: what the log says a customer did, how often, and when."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, grouped, select, words
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import properties, values, window
from karibu.segments.builder.tree import Row

KIND, LABEL = "event", _("did")
MEASURES = (
    ("", _("at least once")),
    ("never", _("never")),
    ("count", _("a number of times")),
    ("sum", _("with a total")),
    ("distinct", _("with different values")),
    ("first", _("for the first time")),
    ("last", _("for the last time")),
)
OF = {"sum": "value", "distinct": "product_id"}


def read(raw: dict[str, Any], kind: str = KIND) -> Row | None:
    if not isinstance(raw.get("event"), str):
        return None
    where, span = properties.read(raw), window.read(raw)
    if where is None or span is None:
        return None
    measure, _colon, of = str(raw.get("measure", "count" if "op" in raw else "")).partition(":")
    if raw.get("not") is True:
        measure = "never" if not measure else ""
    compared = values.read(raw) if "op" in raw else {}
    fields = {"event": raw["event"], "measure": measure, "of": of, **compared, **span}
    return Row(kind, {name: value for name, value in fields.items() if value}, where)


def write(row: Row) -> dict[str, Any]:
    denied = {"not": True} if row.get("measure") == "never" else {}
    return {"event": row.get("event"), **properties.write(row), **_measured(row), **window.write(row), **denied}


def controls(row: Row, known: Known) -> list[Control]:
    chosen = grouped("event", _("What they did"), row.get("event"), known.event_groups(), reshapes=True)
    return [chosen, *counted(row, known)]


def counted(row: Row, known: Known) -> list[Control]:
    """How often, and when: what every row about events ends with."""
    return [*_measure(row, known), *window.controls(row)]


def settle(row: Row, known: Known) -> None:
    properties.settle(row, known)
    row.fields["type"] = "" if row.get("measure") in ("first", "last") else "number"
    ops = values.MOMENT if row.get("measure") in ("first", "last") else values.AMOUNT
    if row.get("op") not in {op for op, _ in ops}:
        row.fields["op"] = ops[0][0]


def _measure(row: Row, known: Known) -> list[Control]:
    measure = row.get("measure")
    found = [select("measure", _("How often"), measure, MEASURES, reshapes=True)]
    if measure in ("first", "last"):
        return [*found, *values.controls(row.fields, "date", ops=values.MOMENT)]
    if measure in OF:
        of = row.get("of", OF[measure])
        found.append(grouped("of", _("Of which property"), of, known.property_groups(row.get("event"))))
    if measure in ("", "never"):
        return found
    op = row.get("op", "gte")
    found += [
        select("op", _("How many"), op, values.AMOUNT, reshapes=True),
        *values.amounts(op, row.fields, "", "number"),
    ]
    return [*found, words(_("times"))] if measure == "count" else found


def _measured(row: Row) -> dict[str, Any]:
    measure = row.get("measure")
    if measure in ("", "never"):
        return {}
    if measure == "count":  # goes without saying
        return values.write(row.fields)
    said = f"{measure}:{row.get('of', OF[measure])}" if measure in OF else measure
    return {"measure": said, **values.write(row.fields)}
