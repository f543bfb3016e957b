"""What a template's function (filling.py) calls while it runs, with the bounds that it is held to.

Each of these does what the library does with the same name or node; `Run` counts for one rendering.
"""

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from liquid.builtin.expressions import logical
from liquid.builtin.tags.for_tag import ForLoop
from liquid.exceptions import (
    FilterArgumentError,
    LiquidTypeError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
)
from liquid.limits import to_int
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined
from markupsafe import Markup
from markupsafe import _escape_inner as escape_text  # type: ignore[attr-defined]  # `escape` for a plain text

from karibu.messages import bounds

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
UNDEFINED = Undefined("")


class Run:
    """One rendering: its time, its steps, how much it has printed and assigned."""

    __slots__ = ("_assigned", "_deadline", "_is_second_half", "_looked", "_size", "_steps")

    def __init__(self) -> None:
        self._deadline, self._steps, self._is_second_half = 0.0, 0, False
        self._assigned: dict[str, object] = {}
        self._looked = self._size = 0

    def spend(self) -> None:
        self._steps += 1
        if self._steps % bounds.STEPS == 0 and (now := time.thread_time()) > self._deadline:
            if not self._deadline:  # most mails are filled in before the first look
                self._deadline = now + bounds.SECONDS / 2
                return
            # The time comes in halves: see sandbox.Budgeted.
            if self._is_second_half:
                raise bounds.too_slow()
            self._deadline, self._is_second_half = now + bounds.SECONDS / 2, True

    def step(self, out: list[str]) -> None:
        """One more turn of a loop."""
        self.spend()
        self.look(out)

    def look(self, out: list[str]) -> None:
        """Ends what prints too much; a text that is captured starts to count anew."""
        if len(out) < self._looked:
            self._looked = self._size = 0
        self._size += sum(map(len, out[self._looked :]))
        self._looked = len(out)
        if self._size > bounds.OUTPUT:
            raise OutputStreamLimitError("output stream limit reached", token=None)

    def looped(self, turns: int) -> int:
        if turns > bounds.ITERATIONS:
            raise LoopIterationLimitError("loop iteration limit reached", token=None)
        return turns

    def assign(self, scope: dict[str, object], name: str, value: object) -> None:
        self.spend()
        scope[name] = self._assigned[name] = value
        if sum(sys.getsizeof(one, default=1) for one in self._assigned.values()) > bounds.NAMESPACE:
            raise LocalNamespaceLimitError("local namespace limit reached", token=None)

    def range(self, start: object, stop: object) -> range:
        first, last = _whole(start), _whole(stop)
        found = range(0) if first > last else range(first, last + 1)
        return bounds.checked_range(found)

    def joined(self, out: list[str]) -> str:
        text = "".join(out)
        if len(text) * 4 > bounds.OUTPUT and len(text.encode("utf-8", "surrogatepass")) > bounds.OUTPUT:
            raise OutputStreamLimitError("output stream limit reached", token=None)
        return text

    def captured(self, out: list[str], autoescape: bool) -> str:
        text = self.joined(out)
        return Markup(text) if autoescape else text  # noqa: S704 - its values were escaped when they were printed


def _whole(value: object) -> int:
    try:
        return int(to_int(value))
    except (ValueError, TypeError):
        return 0


def at(value: object, key: object) -> object:
    """`value.key`, as Liquid reads it; what is not there is undefined, and so is everything in it."""
    if type(value) is dict:
        try:
            return value[key]
        except (KeyError, TypeError):
            pass
    try:
        return _at_length(value, key)
    except (KeyError, TypeError, IndexError):
        return UNDEFINED


def _at_length(value: Any, key: Any) -> object:
    if type(key) is Undefined:
        key = None
    if isinstance(value, str):
        if key == "size":
            return len(value)
        raise TypeError("a text has no parts")
    if isinstance(value, Mapping) and (key in value or isinstance(value, Undefined)):
        return value[key]
    if key == "size":
        return len(value)
    if key == "first":
        return next(iter(value.items())) if isinstance(value, Mapping) and value else _sequence(value)[0]
    if key == "last":
        return _sequence(value)[-1]
    return value[key]


def _sequence(value: object) -> Sequence[object]:
    if isinstance(value, Sequence):
        return value
    raise TypeError("no sequence")


def true(value: object) -> bool:
    return value is not None and value is not False and type(value) is not Undefined


def sliced(value: object, limit: object, offset: object, backwards: bool) -> tuple[Iterator[Any], int]:
    """What a loop goes through, and how many they are."""
    items: Sequence[Any]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, str):
        items = [value] if value else []
    else:
        items = value if isinstance(value, Sequence) else []
    start = _number(offset) if offset is not None else 0
    stop = None if limit is None else _number(limit) + start
    first, last = min(max(start, 0), len(items)), min(stop or len(items), len(items))
    count = max(last - first, 0)
    taken = islice(items, first, max(last, 0)) if last >= first else iter(())
    return (reversed(list(taken)) if backwards else taken), count


def _number(value: object) -> int:
    try:
        return int(to_int(value))
    except (ValueError, TypeError) as error:
        raise LiquidTypeError(f"expected an integer, found {value.__class__.__name__}", token=None) from error


def bounded(env: Any, name: str, token: Any) -> Callable[..., object]:
    """The filter of this name, on what is not too long, with a result that is not."""
    apply = env.filters[name]
    if getattr(apply, "with_environment", False):
        apply = partial(apply, environment=env)
    return partial(_filter, apply, name, token)


def _filter(
    apply: Callable[..., object], name: str, token: Any, run: Run, value: object, *options: object, **named: object
) -> object:
    run.spend()
    try:
        return bounds.checked(apply(bounds.checked(value, token), *options, **named), token)
    except TypeError as error:
        raise LiquidTypeError(f"{name}: {error}", token=token) from error
    except (LiquidTypeError, FilterArgumentError) as error:
        error.token = token
        raise


def quick_default(slowly: Callable[..., object], run: Run, value: object, other: object) -> object:
    """The filter `default` for what most facts are."""
    if type(value) is str:
        return value or other
    if value is None or type(value) is Undefined:
        return other
    return slowly(run, value, other)


def quick_money(slowly: Any, run: Run, value: object, *currency: object) -> object:
    """The filter `money` (whichever language it writes) for a Decimal, which needs no looking at."""
    return slowly.args[0](value, *currency) if type(value) is Decimal else slowly(run, value, *currency)


def printer(autoescape: bool) -> Callable[[object], str]:
    return _as_html if autoescape else _as_text


def _as_html(value: object) -> str:
    if type(value) is not str:
        return clean(to_liquid_string(value, True))
    return escape_text(value if value.isprintable() else clean(value))


def _as_text(value: object) -> str:
    return clean(value if type(value) is str else to_liquid_string(value, False))


def clean(text: str) -> str:
    """Without control characters, which neither mail nor PostgreSQL can carry."""
    return text if text.isprintable() else _CONTROL.sub("", text)


NAMES: dict[str, object] = {
    "at": at,
    "true": true,
    "sliced": sliced,
    "undefined": UNDEFINED,
    "loop": ForLoop,
    "eq": logical._eq,
    "lt": logical._lt,
    "le": logical._le,
    "contains": logical._contains,
    "quick_default": quick_default,
    "quick_money": quick_money,
}
QUICK = {("default", 1): "quick_default", ("money", 0): "quick_money", ("money", 1): "quick_money"}

__all__ = ["NAMES", "Run", "bounded", "printer"]
