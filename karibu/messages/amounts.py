"""Money as a message writes it: the figures as the reader's language writes them, and the currency's code."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol, get_group_symbol

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


@lru_cache(maxsize=100)
def _marks(language: str) -> dict[int, str]:
    """What stands between the thousands, and before the cents."""
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return {}
    return {ord(","): get_group_symbol(locale), ord("."): get_decimal_symbol(locale)}
