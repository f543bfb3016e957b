"""Values as engines compare them: what each operator means for each type of column.

An operator that makes no sense for a type (above, for a truth) holds for nobody. Where there is no value the answer is
NULL; who asks for the opposite says so (negated()).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from karibu.segments.conditions import operators
from karibu.segments.scope import Scope, every, some

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Value

# What every engine reads as the same number; their casts take more (1_000, 1d, 0x1p3, infinity), each its own. (To some
# of them $ is also before the last end of a line.)
NUMBER = r"^[-+]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][-+]?[0-9]{1,2})?\z"
DAY = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}(\z|[T ])"
_FREQUENT = "aeionrsltmudhkcgbpwyjfvzxq"  # the letters of names and addresses, the most frequent first
_DOTTED = "i\N{COMBINING DOT ABOVE}"  # what some engines make of İ
FIRST_YEAR = 1970  # of moments that the shop knows: the first that an anniversary is looked for in


def compared(scope: Scope, value: Value, op: str, with_: Any) -> BooleanValue:
    """Whether `value`, a column or an expression of any type, stands in that relation to `with_`."""
    if op in operators.NEGATIVE:
        return negated(compared(scope, value, operators.OPPOSITES[op], with_))
    if op == "in":
        return _one_of(scope, value, with_)
    for fits, compare in _TYPES:
        if fits(value.type()):
            return compare(scope, value, op, with_)
    return _never()


def negated(condition: BooleanValue) -> BooleanValue:
    """That it does not hold, which is also true where there is nothing to compare."""
    return ~condition.fill_null(False)


def number(value: object) -> Decimal | None:
    """The number that a definition writes, as a number or as a text."""
    if isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < Decimal(10) ** 20 else None


def _one_of(scope: Scope, value: Value, values: Sequence[Any]) -> BooleanValue:
    if value.type().is_string() and all(isinstance(each, str) for each in values):
        found: BooleanValue = value.isin(values)
        return found
    return some([compared(scope, value, "is", each) for each in values])


def _text(scope: Scope, text: Any, op: str, with_: Any) -> BooleanValue:
    if op == "exists":
        return text != ""  # NULL where there is none
    if op in ("contains", "starts_with"):
        return _has_part(scope, text, op, with_)
    if op == "is" and not operators.is_number(with_):
        return text == (str(with_).lower() if isinstance(with_, bool) else with_)
    if op == "is" or op in operators.NUMBERS or (op == "between" and operators.is_number(with_[0])):
        return _float(scope, text.try_cast("float64"), op, with_) & text.re_search(NUMBER)
    return _written_day(scope, text, op, with_)


def _has_part(scope: Scope, text: Any, op: str, part: str) -> BooleanValue:
    """Whether it is in the text, or (`starts_with`) at its beginning, in small or capital letters."""
    if not part.isascii():
        import ibis

        lower, small = _small(text), _small(ibis.literal(part))
        return lower.contains(small) if op == "contains" else lower.startswith(small)
    # Addresses are kept in small letters (customers/addresses.py), and making them so takes longer than looking.
    lower = text if text.get_name() == "email" else text.lower()
    if scope.dialect == "spark":
        lower = lower.replace(_DOTTED, "i")
    return _contains(lower, part.lower()) if op == "contains" else lower.startswith(part.lower())


def _small(text: Any) -> Any:
    """In small letters that are the same for every engine: some know that Σ at a word's end and İ are special."""
    return text.lower().replace("ς", "σ").replace(_DOTTED, "i")


def _contains(text: Any, part: str) -> BooleanValue:
    """Engines look for the first letter and then for the rest: from its rarest letter on a part is sooner not found."""
    rare = max(range(len(part)), key=lambda i: _FREQUENT.find(part[i]))
    found: BooleanValue = text.contains(part)
    return text.contains(part[rare:]) & found if rare else found


def _written_day(scope: Scope, text: Any, op: str, with_: Any) -> BooleanValue:
    """Of a text that begins with a day, as 1990-05-17; the rest (a time) is not looked at."""
    day = text.left(10).try_cast("date")
    if op == "anniversary_in_days":
        said = day.notnull() & text.substr(5, 5).isin(_anniversaries(scope.today, with_))
    elif op == "not_in_last_days":
        said = ~_between_days(day, *lately(scope.today, with_))
    else:
        said = _between_days(day, *_days(scope.today, op, with_))
    return said & text.re_search(DAY)


def _between_days(day: Any, first: date | None, last: date | None) -> BooleanValue:
    return every([*([day >= first] if first else []), *([day <= last] if last else [])])


def _moment(scope: Scope, when: Any, op: str, with_: Any) -> BooleanValue:
    if op == "exists":
        return when.notnull()
    if op == "anniversary_in_days":
        return some([scope.on_days(first, last, when) for first, last in _past_anniversaries(scope.today, with_)])
    if op == "not_in_last_days":  # what is yet to come, by another machine's clock, is not long ago
        return when < scope.midnight(lately(scope.today, with_)[0])
    if not _names_days(op, with_):
        return _never()
    first, last = _days(scope.today, op, with_)
    ends = [when >= scope.midnight(first)] if first else []
    return every([*ends, *([when < scope.midnight(last + timedelta(days=1))] if last else [])])


def _names_days(op: str, with_: Any) -> bool:
    ends = with_ if op == "between" else [with_]
    return op in (*operators.DAYS, "in_last_days") or (op in ("is", "between") and all(map(operators.day, ends)))


def _exact(scope: Scope, value: Any, op: str, with_: Any) -> BooleanValue:
    """Whole numbers and decimals, compared with what their type can hold: the engine converts no column."""
    if op == "exists":
        return value.notnull()
    if op not in ("is", "between", *operators.NUMBERS):
        return _never()
    ends = [number(end) for end in (with_ if op == "between" else [with_])]
    if not all(end is not None for end in ends):
        return _never()
    if op == "between":
        return _exact(scope, value, "gte", with_[0]) & _exact(scope, value, "lte", with_[1])
    return _exactly(value, op, Decimal(str(with_)))


def _exactly(value: Any, op: str, with_: Decimal) -> BooleanValue:
    scale = value.type().scale if value.type().is_decimal() else 0
    down, up = (with_.quantize(Decimal(1).scaleb(-scale), rounding) for rounding in (ROUND_FLOOR, ROUND_CEILING))
    if op == "is":
        return value == _literal(value, down) if down == up else _never()
    limits = {"gt": down, "lte": down, "gte": up, "lt": up}
    return _ORDER[op](value, _literal(value, limits[op]))


def _literal(value: Any, number: Decimal) -> Value:
    """`number` in the type of `value`; the nearest that it has."""
    import ibis

    kind = value.type()
    if kind.is_integer():
        return ibis.literal(max(min(int(number), 2**63 - 1), 1 - 2**63), "int64")
    most = Decimal(10) ** (kind.precision - kind.scale) - Decimal(1).scaleb(-kind.scale)
    return ibis.literal(max(min(number, most), -most), kind.copy(nullable=False))


def _float(scope: Scope, value: Any, op: str, with_: Any) -> BooleanValue:
    if op == "exists":
        return value.notnull()
    if op == "between" and operators.is_number(with_[0]):
        return (value >= float(with_[0])) & (value <= float(with_[1]))
    wanted = number(with_) if op == "is" or op in operators.NUMBERS else None
    if wanted is None or not math.isfinite(float(wanted)):
        return _never()
    return value == float(wanted) if op == "is" else _ORDER[op](value, float(wanted))


def _truth(scope: Scope, value: Any, op: str, with_: Any) -> BooleanValue:
    if op == "exists":
        return value.notnull()
    wanted = str(with_).lower()
    if op != "is" or wanted not in ("true", "false"):
        return _never()
    return value if wanted == "true" else ~value


def _several(scope: Scope, values: Any, op: str, with_: Any) -> BooleanValue:
    """Of a list of texts: one of them is it."""
    if op == "exists":
        return values.length() > 0
    return values.contains(str(with_)) if op in ("is", "contains") else _never()


def lately(today: date, days: int) -> tuple[date, date]:
    """The last days: today, and as many before it."""
    return max(today - timedelta(days=days), operators.FIRST), today


def _days(today: date, op: str, with_: Any) -> tuple[date | None, date | None]:
    """The first and the last day that fit; (None, None) never comes."""
    if op == "in_last_days":
        return lately(today, with_)
    if op == "between":
        return date.fromisoformat(with_[0]), date.fromisoformat(with_[1])
    day = date.fromisoformat(with_)
    if op == "before":
        return None, day - timedelta(days=1)
    return (day + timedelta(days=1), None) if op == "after" else (day, day)


def _anniversaries(today: date, days: int) -> list[str]:
    """The days of the year ("05-17") from today on; the 29th of February is kept on the 28th in other years."""
    found = {f"{today + timedelta(days=n):%m-%d}" for n in range(min(days, 366) + 1)}
    ahead = [today + timedelta(days=n) for n in range(min(days, 366) + 1)]
    if any((day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3 for day in ahead):
        found.add("02-29")
    return sorted(found)


@lru_cache
def _past_anniversaries(today: date, days: int) -> list[tuple[date, date]]:
    """The spans of days, year by year, whose anniversary is from today on."""
    ahead = [today + timedelta(days=n) for n in range(min(days, 366) + 1)]
    wanted = set(_anniversaries(today, days))
    spans: list[tuple[date, date]] = []
    day = date(FIRST_YEAR, 1, 1)
    while day <= ahead[-1]:
        if f"{day:%m-%d}" in wanted:
            if spans and spans[-1][1] == day - timedelta(days=1):
                spans[-1] = (spans[-1][0], day)
            else:
                spans.append((day, day))
        day += timedelta(days=1)
    return spans


def _never() -> BooleanValue:
    import ibis

    never: BooleanValue = ibis.literal(False)
    return never


_ORDER: dict[str, Any] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}
_TYPES: list[tuple[Any, Any]] = [
    (lambda dtype: dtype.is_string(), _text),
    (lambda dtype: dtype.is_boolean(), _truth),
    (lambda dtype: dtype.is_integer() or dtype.is_decimal(), _exact),
    (lambda dtype: dtype.is_floating(), _float),
    (lambda dtype: dtype.is_timestamp(), _moment),
    (lambda dtype: dtype.is_array(), _several),
]
