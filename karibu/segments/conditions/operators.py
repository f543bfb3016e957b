"""The operators that traits and properties are compared with: which values they take, and how they are said."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.segments import limits
from karibu.segments.faults import DefinitionError

NUMBERS = ("gt", "gte", "lt", "lte")
LISTS = ("in", "not_in")
TEXTS = ("contains", "starts_with")
PRESENCE = ("exists", "missing")
DAYS = ("before", "after")
CALENDAR = ("in_last_days", "not_in_last_days", "anniversary_in_days")  # true today and false tomorrow
ALL = ("is", "is_not", *LISTS, *TEXTS, *PRESENCE, *NUMBERS, "between", *DAYS, *CALENDAR)
# What holds exactly where the other does not, for those who have no value at all, too.
OPPOSITES = {"is": "is_not", "in": "not_in", "exists": "missing"}
OPPOSITES |= {negative: positive for positive, negative in OPPOSITES.items()}
NEGATIVE = ("is_not", "not_in", "missing")
MOST_DAYS = 36_500
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def check(op: str, value: object, path: str, allowed: Sequence[str] = ALL) -> None:
    """Raises DefinitionError at `path`.op or `path`.value."""
    if op not in allowed:
        words = {"op": op, "ops": ", ".join(allowed)}
        raise DefinitionError(f"{path}.op", _("There is no “%(op)s” here; there are: %(ops)s.") % words)
    fault = _fault(op, value)
    if fault:
        raise DefinitionError(f"{path}.value", fault)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def day(text: object) -> date | None:
    """The day that "2026-11-22" names; None for any other text and for days that do not exist."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST <= found <= LAST else None


def day_fault(text: object) -> str:
    """Why that is no day; "" where it is one."""
    if day(text):
        return ""
    return _("“%(text)s” is no day: write it as 2026-11-22, between 1900 and 2200.") % {"text": str(text)[:40]}


def _fault(op: str, value: object) -> str:
    if op in PRESENCE:
        return "" if value is None else _("Nothing is compared here: leave the value out.")
    if op in LISTS:
        return _list_fault(value)
    if op in NUMBERS:
        return "" if is_number(value) else _("Expected a number.")
    if op == "between":
        return _pair_fault(value)
    if op in DAYS:
        return day_fault(value)
    if op in CALENDAR:
        fits = is_number(value) and isinstance(value, int) and 0 <= value <= MOST_DAYS
        return "" if fits else _("Expected a whole number of days from 0 to %(n)s.") % {"n": MOST_DAYS}
    if op in TEXTS:
        return "" if isinstance(value, str) and value else _("Expected a text.")
    return _scalar_fault(value)


def _scalar_fault(value: object) -> str:
    if isinstance(value, str | int | float) and value != "":
        return ""
    return _("Expected a text, a number, or true or false. Ask for “missing” to find those without a value.")


def _list_fault(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _("Expected a list of values.")
    if len(value) > limits.VALUES:
        return _("This list is too long: at most %(n)s values.") % {"n": limits.VALUES}
    return next(filter(None, map(_scalar_fault, value)), "")


def _pair_fault(value: object) -> str:
    if not isinstance(value, list) or len(value) != 2:
        return _("Expected two values, from and to.")
    if all(map(is_number, value)):
        ends: list[Any] = value
    elif all(map(day, value)):
        ends = [day(end) for end in value]
    else:
        return _("Expected two numbers, or two days such as 2026-11-22.")
    return "" if ends[0] <= ends[1] else _("The first of the two must not be above the second.")


def said(op: str, value: Any, denied: bool) -> str:
    """ "is at least 3", "is not known"."""
    if denied and op in OPPOSITES:
        return said(OPPOSITES[op], value, denied=False)
    words = _words_denied(op) if denied else _words(op)
    return words % {"value": spoken(value), **_ends(op, value)}


def spoken(value: Any) -> str:
    if isinstance(value, list):
        some = ", ".join(map(spoken, value[:5]))
        return some if len(value) <= 5 else _("%(some)s and %(n)s more") % {"some": some, "n": len(value) - 5}
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return value if day(value) else f"“{value}”"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 10**6 else str(value)


def _ends(op: str, value: Any) -> Mapping[str, str]:
    if op == "between":
        return {"least": spoken(value[0]), "most": spoken(value[1])}
    return {"days": ngettext("%(n)s day", "%(n)s days", value) % {"n": value}} if op in CALENDAR else {}


def _words(op: str) -> str:
    return {
        "is": _("is %(value)s"),
        "is_not": _("is not %(value)s"),
        "in": _("is one of %(value)s"),
        "not_in": _("is none of %(value)s"),
        "contains": _("contains %(value)s"),
        "starts_with": _("starts with %(value)s"),
        "exists": _("is known"),
        "missing": _("is not known"),
        "gt": _("is above %(value)s"),
        "gte": _("is at least %(value)s"),
        "lt": _("is below %(value)s"),
        "lte": _("is at most %(value)s"),
        "between": _("is between %(least)s and %(most)s"),
        "before": _("is before %(value)s"),
        "after": _("is after %(value)s"),
        "in_last_days": _("is in the last %(days)s"),
        "not_in_last_days": _("is not in the last %(days)s"),
        "anniversary_in_days": _("has its anniversary in the next %(days)s"),
    }[op]


def _words_denied(op: str) -> str:
    """What is not so; also true of those who have no value."""
    return {
        "contains": _("does not contain %(value)s"),
        "starts_with": _("does not start with %(value)s"),
        "gt": _("is not above %(value)s"),
        "gte": _("is not at least %(value)s"),
        "lt": _("is not below %(value)s"),
        "lte": _("is not at most %(value)s"),
        "between": _("is not between %(least)s and %(most)s"),
        "before": _("is not before %(value)s"),
        "after": _("is not after %(value)s"),
        "in_last_days": _("is not in the last %(days)s or not known"),
        "not_in_last_days": _("is in the last %(days)s or not known"),
        "anniversary_in_days": _("has no anniversary in the next %(days)s"),
    }[op]
