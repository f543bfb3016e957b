"""Money as a message writes it: the figures as the reader's language writes them, and the currency's code."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol
from liquid.undefined import Undefined

from karibu.messages.bounds import MOST
from karibu.web.formats import DIGITS


def money(value: object, currency: object = "", language: object = "") -> str:
    """`54.9 | money: "USD"` is "54.90 USD"; what is no number prints nothing."""
    try:
        amount = value if type(value) is Decimal else Decimal(str(value))
    except InvalidOperation:
        return ""
    if not amount.is_finite() or not -MOST < amount < MOST:  # "1e999999999" would be written out
        return ""
    code = str(currency)
    figures = f"{amount:,.{DIGITS.get(code, 2)}f}"
    if language:
        figures = figures.translate(_marks(str(language)))
    return f"{figures} {code}" if code else figures


def date(value: object, pattern: object = "long", language: object = "en") -> str:
    """`order.placed_at | date: "long"` is "26 November 2026" as the language writes it: short, medium, long or full,
    or Liquid's own "%d.%m.%Y"."""
    day = _day(value)
    if day is None:
        return "" if isinstance(value, Undefined) or value is None else str(value)
    wanted = "long" if isinstance(pattern, Undefined) else str(pattern)
    if "%" in wanted:
        return day.strftime(wanted)
    locale = _locale(str(language)) or Locale("en", "GB")
    return format_date(day, wanted if wanted in ("short", "medium", "full") else "long", locale=locale)


def _day(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if str(value) in ("now", "today"):
        return datetime.now(UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC) if abs(value) < 1e11 else None
    try:
        return datetime.fromisoformat(str(value)[:40])
    except ValueError:
        return None


@lru_cache(maxsize=100)
def _locale(language: str) -> Locale | None:
    if language == "en":
        return Locale("en", "GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


@lru_cache(maxsize=100)
def _marks(language: str) -> dict[int, str]:
    """What stands between the thousands, and before the cents."""
    locale = _locale(language)
    if locale is None:
        return {}
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}
