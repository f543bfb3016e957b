"""Operators and their values: as words, as controls, as JSON."""

import csv
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import NONE, Control, Kind, Options, select, words

TEXT = (
    ("is", _("is")), ("is_not", _("is not")), ("in", _("is one of")), ("not_in", _("is none of")),
    ("contains", _("contains")), ("starts_with", _("starts with")),
    ("exists", _("is known")), ("missing", _("is not known")),
)  # fmt: skip
NUMBER = (
    ("gte", _("is at least")), ("lte", _("is at most")), ("gt", _("is above")), ("lt", _("is below")),
    ("is", _("is exactly")), ("is_not", _("is not")), ("between", _("is between")),
    ("exists", _("is known")), ("missing", _("is not known")),
)  # fmt: skip
DATE = (
    ("in_last_days", _("was in the last … days")), ("not_in_last_days", _("was not in the last … days")),
    ("before", _("was before")), ("after", _("was after")), ("between", _("was between")),
    ("anniversary_in_days", _("has its anniversary in the next … days")),
    ("exists", _("is known")), ("missing", _("is not known")),
)  # fmt: skip
MOMENT = tuple(pair for pair in DATE if pair[0] not in ("anniversary_in_days", "exists", "missing"))
TRUTH = (("is", _("is")), ("exists", _("is known")), ("missing", _("is not known")))
LIST = (("contains", _("contains")), ("exists", _("is known")), ("missing", _("is not known")))
AMOUNT = (
    ("gte", _("at least")), ("lte", _("at most")), ("gt", _("more than")), ("lt", _("fewer than")),
    ("is", _("exactly")), ("is_not", _("not exactly")), ("between", _("between")),
)  # fmt: skip
OPS: Mapping[str, Options] = {"text": TEXT, "number": NUMBER, "date": DATE, "truth": TRUTH, "list": LIST}

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
BARE, LISTS = ("exists", "missing"), ("in", "not_in")
DAYS = ("in_last_days", "not_in_last_days", "anniversary_in_days")
COMPARED = ("gt", "gte", "lt", "lte", "between")
ANSWERS = (("true", _("yes")), ("false", _("no")))


def number(text: str) -> int | float | str:
    """The number that was typed; what is none stays as it is, for the parser to name."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def text_of(value: Any) -> str:
    """A value of JSON as its control shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def read(raw: Mapping[str, Any]) -> dict[str, str]:
    """The fields `op`, `value`, `to`, `values` and `type` (what the value is in JSON) of a condition."""
    op, value = str(raw.get("op", "")), raw.get("value")
    if op in LISTS and isinstance(value, list):
        return {"op": op, "values": "\n".join(map(text_of, value)), "type": _type(value[0] if value else "")}
    if op == "between" and isinstance(value, list) and len(value) == 2:
        return {"op": op, "value": text_of(value[0]), "to": text_of(value[1]), "type": _type(value[0])}
    return {"op": op, "value": text_of(value), "type": _type(value)}


def write(fields: Mapping[str, str]) -> dict[str, Any]:
    """`op` and `value` of the condition."""
    op, kind = fields.get("op", ""), fields.get("type", "")
    if op in BARE:
        return {"op": op}
    if op in LISTS:
        return {"op": op, "value": [_json(text, kind, op) for text in listed(fields)]}
    if op == "between":
        return {"op": op, "value": [_json(fields.get(name, ""), kind, op) for name in ("value", "to")]}
    return {"op": op, "value": _json(fields.get("value", ""), kind, op)}


def listed(fields: Mapping[str, str]) -> list[str]:
    """The values of a list: chosen one by one, or typed with commas between (and quotes around one with a comma)."""
    if text := fields.get("listed", ""):
        rows = csv.reader([text.replace("\n", " ")], skipinitialspace=True)
        return [value.strip() for row in rows for value in row if value.strip()]
    return [value for value in fields.get("values", "").split("\n") if value]


def controls(
    fields: Mapping[str, str],
    kind: str,
    *,
    prefix: str = "",
    ops: Options = (),
    choices: Options = (),
    hints: Options = (),
    suggest: str = "",
) -> list[Control]:
    """The operator and what it is compared with, for a value of this kind (a key of OPS)."""
    offered = ops or OPS[kind]
    op = fields.get("op") or offered[0][0]
    found = [select(f"{prefix}op", _("How"), op, offered, reshapes=True)]
    if op in BARE:
        return found
    given = fields.get("value", "")
    if op in LISTS:
        return [*found, _list(fields, prefix, choices, hints, suggest)]
    if op in DAYS:
        return [*found, Control(f"{prefix}value", "number", _("How many days"), given), words(_("days"))]
    if op in ("before", "after"):
        return [*found, Control(f"{prefix}value", "date", _("Day"), given)]
    if kind == "truth":
        return [*found, select(f"{prefix}value", _("Answer"), given, [NONE, *ANSWERS])]
    if kind == "number" or op in COMPARED:
        return [*found, *amounts(op, fields, prefix, "date" if kind == "date" else "number")]
    if choices and op in ("is", "is_not"):
        return [*found, select(f"{prefix}value", _("Value"), given, [NONE, *choices])]
    return [*found, Control(f"{prefix}value", "text", _("Value"), given, hints=hints, suggest=suggest)]


def amounts(op: str, fields: Mapping[str, str], prefix: str, kind: Kind) -> list[Control]:
    """One number or day, or two for "between"."""
    first = Control(f"{prefix}value", kind, _("Day") if kind == "date" else _("Number"), fields.get("value", ""))
    if op != "between":
        return [first]
    return [first, words(_("and")), Control(f"{prefix}to", kind, _("Up to"), fields.get("to", ""))]


def _list(fields: Mapping[str, str], prefix: str, choices: Options, hints: Options, suggest: str) -> Control:
    values = listed(fields)
    if choices:
        offered = {str(key) for key, _ in choices}
        more = [(value, value) for value in values if value not in offered]
        return Control(f"{prefix}values", "many", _("Values"), "\n".join(values), [("", [*choices, *more])])
    return Control(
        f"{prefix}listed", "text", _("Values, with commas between"), joined(values), hints=hints, suggest=suggest
    )


def joined(values: list[str]) -> str:
    return ", ".join(f'"{value}"' if "," in value else value for value in values)


def _json(text: str, kind: str, op: str) -> Any:
    if kind == "truth":
        return {"true": True, "false": False}.get(text, text)
    if kind == "number" or op in DAYS or (op in COMPARED and not _DAY.fullmatch(text)):
        return number(text)
    return text


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if isinstance(value, int | float) else ""
