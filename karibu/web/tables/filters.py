"""Filters of a list. Each reads its own parameters of the URL, narrows the rows and says itself as a chip."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from karibu.web import formats

State = Mapping[str, str]
Choices = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Filter:
    """`path` is the ORM path it narrows; `apply(rows, value)` does something else instead."""

    name: str
    label: Any
    path: str = ""
    apply: Callable[[Any, str], Any] | None = None
    template = ""

    def parameters(self) -> list[str]:
        return [self.name]

    def narrow(self, rows: Any, state: State) -> Any:
        """`rows` (a queryset) with only what `state` asks for."""
        value = state.get(self.name, "")
        if not value:
            return rows
        return self.apply(rows, value) if self.apply else rows.filter(**{self.path or self.name: value})

    def chip(self, state: State) -> str:
        """The filter in words, or "" where it is not set."""
        value = state.get(self.name, "")
        return f"{self.label}: {value}" if value else ""


@dataclass(frozen=True)
class Choice(Filter):
    """One of a few values; `choices` may be called for them (when the page is shown)."""

    choices: Choices | Callable[[], Choices] = ()
    template = "web/table/choice.html"

    def options(self) -> Choices:
        return self.choices() if callable(self.choices) else self.choices

    def chip(self, state: State) -> str:
        value = state.get(self.name, "")
        words = {str(key): text for key, text in self.options()} if value else {}
        return f"{self.label}: {words.get(value, value)}" if value else ""


@dataclass(frozen=True)
class Origin(Filter):
    """A number that other pages link with and nobody types: in the form it is hidden, among the chips it can go."""

    template = "web/table/origin.html"

    def narrow(self, rows: Any, state: State) -> Any:
        return super().narrow(rows, {self.name: self._number(state)})

    def chip(self, state: State) -> str:
        return super().chip({self.name: self._number(state)})

    def _number(self, state: State) -> str:
        text = state.get(self.name, "")
        return text if text.isascii() and text.isdigit() and len(text) < 19 else ""


@dataclass(frozen=True)
class Flag(Filter):
    """Yes or not asked. Without `apply` the boolean column `path` must be true."""

    template = "web/table/flag.html"

    def narrow(self, rows: Any, state: State) -> Any:
        if state.get(self.name) != "1":
            return rows
        return self.apply(rows, "1") if self.apply else rows.filter(**{self.path or self.name: True})

    def chip(self, state: State) -> str:
        return str(self.label) if state.get(self.name) == "1" else ""


@dataclass(frozen=True)
class Range(Filter):
    """Numbers from `name_min` to `name_max`, both included. What is no number is not asked."""

    template = "web/table/range.html"

    def parameters(self) -> list[str]:
        return [f"{self.name}_min", f"{self.name}_max"]

    def narrow(self, rows: Any, state: State) -> Any:
        low, high = self.bounds(state)
        path = self.path or self.name
        rows = rows if low is None else rows.filter(**{f"{path}__gte": low})
        return rows if high is None else rows.filter(**{f"{path}__lte": high})

    def chip(self, state: State) -> str:
        low, high = self.bounds(state)
        return _between(str(self.label), None if low is None else f"{low:f}", None if high is None else f"{high:f}")

    def bounds(self, state: State) -> tuple[Decimal | None, Decimal | None]:
        low, high = (_number(state.get(name, "")) for name in self.parameters())
        return low, high


@dataclass(frozen=True)
class Dates(Filter):
    """Days from `name_from` to `name_to`, both included, in the viewer's zone."""

    template = "web/table/dates.html"

    def parameters(self) -> list[str]:
        return [f"{self.name}_from", f"{self.name}_to"]

    def narrow(self, rows: Any, state: State) -> Any:
        first, last = self.bounds(state)
        path = self.path or self.name
        rows = rows if first is None else rows.filter(**{f"{path}__gte": midnight(first)})
        return rows if last is None else rows.filter(**{f"{path}__lt": midnight(last + timedelta(days=1))})

    def chip(self, state: State) -> str:
        first, last = self.bounds(state)
        return _between(str(self.label), formats.moment(first) or None, formats.moment(last) or None)

    def bounds(self, state: State) -> tuple[date | None, date | None]:
        first, last = (_date(state.get(name, "")) for name in self.parameters())
        return first, last


def midnight(day: date) -> datetime:
    """When `day` begins in the viewer's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _between(label: str, low: str | None, high: str | None) -> str:
    if low and high:
        return f"{label}: {low} – {high}"
    if low:
        return gettext("%(label)s: from %(low)s") % {"label": label, "low": low}
    return gettext("%(label)s: to %(high)s") % {"label": label, "high": high} if high else ""


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
