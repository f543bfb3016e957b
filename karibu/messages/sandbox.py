"""Liquid as templates may use it: no files, no includes, bounded loops, output and time, values escaped for HTML.

A value that is missing prints nothing. Values are plain data: there is no object to reach into. What goes beyond a
bound raises LiquidError: the one person whom it was for gets no message, with that as the reason.
"""

import time
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from typing import Any

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, LiquidValueError

from karibu.messages import amounts, bounds, filling, printing
from karibu.messages.amounts import money
from karibu.messages.bounds import COMPARED, ITERATIONS, NAMESPACE, OUTPUT, SECONDS, STEPS


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
                raise bounds.too_slow()
            self.deadline, self._is_second_half = now + SECONDS / 2, True


class Template(BoundTemplate):
    """Rendered by a function of its own (filling.py) where there is one, else by the library."""

    context_class = Budgeted

    @cached_property
    def fill(self) -> filling.Fill | None:
        return filling.function_of(self)

    def render(self, *args: Any, **facts: Any) -> str:
        if self.fill is None:
            return printing.clean(super().render(*args, **facts))
        return self.fill(dict(*args, **facts), printing.Run())

    def filled(self, facts: Mapping[str, object]) -> str:
        """`render`, without a further copy of the facts."""
        return self.fill(facts, printing.Run()) if self.fill else self.render(**facts)


class Sandbox(Environment):
    template_class = Template
    loop_iteration_limit = ITERATIONS
    output_stream_limit = OUTPUT
    local_namespace_limit = NAMESPACE

    def compiled(self, source: str) -> Template:
        """The template of this source. Raises LiquidError."""
        made = self.from_string(printing.clean(source))
        assert isinstance(made, Template)
        return made

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in ("include", "render"):
            del self.tags[tag]
        del self.filters["safe"]  # would print a value without escaping it
        self.filters["money"] = money
        self.filters["date"] = amounts.date
        self.filters["replace"] = _bounded_replace
        self.filters["uniq"] = _bounded_uniq(self.filters["uniq"])


def _bounded(apply: Callable[..., object], token: Any) -> Callable[..., object]:
    """The same filter, on what is not too long, with a result that is not."""

    def bounded(value: object, *options: object, **named: object) -> object:
        return bounds.checked(apply(bounds.checked(value, token), *options, **named), token)

    return bounded


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
    return bounds.checked_range(self._make_range(self.start.evaluate(context), self.stop.evaluate(context)), self.token)


RangeLiteral.evaluate = _bounded_range  # type: ignore[method-assign]


@lru_cache(maxsize=200)
def _speaking(language: str, autoescape: bool) -> Sandbox:
    """An environment whose money and dates are written as in this language."""
    made = Sandbox(autoescape=autoescape)
    if language and language.split("-")[0] != "en":
        made.filters["money"] = partial(money, language=language)
        made.filters["date"] = partial(amounts.date, language=language)
    return made


def html(language: str) -> Sandbox:
    return _speaking(language, True)


def text(language: str) -> Sandbox:
    return _speaking(language, False)


HTML, TEXT = html("en"), text("en")

__all__ = ["HTML", "TEXT", "LiquidError", "Template", "money"]
