"""Liquid as templates may use it: no files, no includes, bounded loops, output and time, values escaped for HTML.

A value that is missing prints nothing. Values are plain data: there is no object to reach into. What goes beyond a
bound raises LiquidError: the one person whom it was for gets no message, with that as the reason.
"""

import time
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, LiquidValueError

ITERATIONS, OUTPUT, NAMESPACE = 10_000, 500_000, 500_000  # loop steps; bytes printed; bytes assigned
SECONDS = 0.25  # of this thread's processor; a usual mail takes a thousandth
STEPS = 8  # between two looks at the clock
COMPARED = 1000  # entries of a list that are compared each with each
FIGURES = 4096  # bits of a whole number
MOST = Decimal(10) ** 18  # of money
# ISO 4217 currencies without cents.
WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)


class Budgeted(RenderContext):
    """One rendering, which ends when its time is over: looked at before every few tags, outputs and filters.

    The time comes in two halves, and one look only ever ends one of them: the interpreter may have collected garbage
    meanwhile, which is not the template's doing.
    """

    __slots__ = ("_disabled", "_is_second_half", "_steps", "deadline")

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        self.deadline, self._steps, self._is_second_half = time.thread_time() + SECONDS / 2, 0, False
        super().__init__(template, **options)

    @property
    def disabled_tags(self) -> list[str]:
        """The library reads this before it renders any node, so every step of every loop comes by here."""
        self._spend()
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        self._disabled = tags

    def filter(self, name: str, token: Any) -> Callable[..., object]:
        self._spend()
        return _bounded(super().filter(name, token), token)

    def _spend(self) -> None:
        self._steps += 1
        if self._steps % STEPS == 0 and (now := time.thread_time()) > self.deadline:
            if self._is_second_half:
                raise LiquidValueError(f"the template takes longer than {SECONDS} s to fill in", token=None)
            self.deadline, self._is_second_half = now + SECONDS / 2, True


class Template(BoundTemplate):
    context_class = Budgeted


class Sandbox(Environment):
    template_class = Template
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
        self.filters["uniq"] = _bounded_uniq(self.filters["uniq"])


def money(value: object, currency: object = "") -> str:
    """`54.9 | money: "USD"` is "54.90 USD"; what is no number prints nothing."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ""
    if not amount.is_finite() or not -MOST < amount < MOST:  # "1e999999999" would be written out
        return ""
    figures = f"{amount:,.0f}" if str(currency) in WHOLE else f"{amount:,.2f}"
    return f"{figures} {currency}".strip()


def _bounded(apply: Callable[..., object], token: Any) -> Callable[..., object]:
    """The same filter, on what is not too long, with a result that is not."""

    def bounded(value: object, *options: object, **named: object) -> object:
        return _checked(apply(_checked(value, token), *options, **named), token)

    return bounded


def _checked(value: object, token: Any) -> object:
    if isinstance(value, str) and len(value) > OUTPUT:
        raise LiquidValueError(f"a text may have {OUTPUT} letters", token=token)
    if isinstance(value, list | tuple) and len(value) > ITERATIONS:
        raise LiquidValueError(f"a list may have {ITERATIONS} entries", token=token)
    if isinstance(value, int) and value.bit_length() > FIGURES:
        raise LiquidValueError("the number is too large", token=token)
    return value


def _bounded_uniq(uniq: Callable[..., object]) -> Callable[..., object]:
    def bounded(value: object, *options: object) -> object:
        if isinstance(value, list | tuple) and len(value) > COMPARED:
            raise LiquidValueError(f"uniq takes lists of {COMPARED} entries", token=None)
        return uniq(value, *options)

    return bounded


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
