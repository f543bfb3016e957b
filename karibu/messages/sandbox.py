"""Liquid as templates may use it: no files, no includes, bounded loops and output, values escaped for HTML.

A value that is missing prints nothing. Values are plain data: there is no object to reach into.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, LiquidValueError

ITERATIONS, OUTPUT, NAMESPACE = 10_000, 500_000, 500_000  # loop steps; bytes printed; bytes assigned
# ISO 4217 currencies without cents.
WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)


class Sandbox(Environment):
    loop_iteration_limit = ITERATIONS
    output_stream_limit = OUTPUT
    local_namespace_limit = NAMESPACE

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in ("include", "render"):
            del self.tags[tag]
        del self.filters["safe"]  # would print a value without escaping it
        self.filters["money"] = money
        self.filters["replace"] = _bounded_replace


def money(value: object, currency: object = "") -> str:
    """`54.9 | money: "USD"` is "54.90 USD"; what is no number prints nothing."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ""
    if not amount.is_finite():
        return ""
    figures = f"{amount:,.0f}" if str(currency) in WHOLE else f"{amount:,.2f}"
    return f"{figures} {currency}".strip()


def _bounded_replace(value: object, what: object, by: object = "") -> str:
    text, old, new = str(value), str(what), str(by)
    if (text.count(old) if old else len(text)) * len(new) > OUTPUT:
        raise LiquidValueError("the replaced text would be too long", token=None)
    return text.replace(old, new)


def _bounded_range(self: RangeLiteral, context: Any) -> range:
    """The library knows no bound for (1..n), and a filter would make a list of it."""
    found = self._make_range(self.start.evaluate(context), self.stop.evaluate(context))
    if len(found) > ITERATIONS:
        raise LiquidValueError(f"a range may have {ITERATIONS} steps", token=self.token)
    return found


RangeLiteral.evaluate = _bounded_range  # type: ignore[method-assign]

HTML = Sandbox(autoescape=True)
TEXT = Sandbox(autoescape=False)

__all__ = ["HTML", "TEXT", "BoundTemplate", "LiquidError", "money"]
