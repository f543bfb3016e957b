"""A column: where its value comes from, how it is shown, how it is written in a CSV file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from karibu.web import formats

Kind = Literal["text", "count", "number", "percent", "money", "moment", "ago", "badge"]
FIGURES = frozenset(("count", "number", "percent", "money"))


@dataclass(frozen=True)
class Column:
    """`value`, `currency`, `tone` and `link` take the row, or name one of its attributes ("customer.name").

    `html` shows something else than the value (markup of one's own, made with format_html); the CSV keeps the value.
    """

    name: str
    label: Any  # str or a lazy translation
    value: Callable[[Any], Any] | str = ""
    kind: Kind = "text"
    sort: str = ""  # the ORM path, or the name a Rows of one's own understands; "": cannot be sorted by
    link: Callable[[Any], str] | str = ""
    currency: Callable[[Any], str] | str = ""  # of a money column; "": the shop's
    tone: Callable[[Any], str] | str = ""  # of a badge
    html: Callable[[Any], str] | None = None
    shown: bool = True  # without being chosen
    is_long: bool = False  # gives way to the others, so that a row is one line; the whole text is its title

    @property
    def is_figure(self) -> bool:
        return self.kind in FIGURES

    def of(self, row: Any) -> Any:
        return resolve(self.value or self.name, row)

    def display(self, row: Any, currency: str) -> SafeString:
        """The cell's contents as markup. `currency` is the shop's."""
        shown = conditional_escape(self.html(row)) if self.html else self._show(row, currency)
        if not self.link or not shown:
            return shown
        return format_html('<a href="{}">{}</a>', resolve(self.link, row), shown)

    def plain(self, row: Any, currency: str) -> list[str]:
        """The cell's contents for CSV: two values for money (amount, currency), one otherwise."""
        value = self.of(row)
        if self.kind == "money":
            return [_text(value), self._currency(row, currency) if value is not None else ""]
        return [_text(value)]

    def heads(self) -> list[str]:
        """The names of the CSV columns that `plain` fills."""
        return [self.name, f"{self.name}_currency"] if self.kind == "money" else [self.name]

    def _currency(self, row: Any, default: str) -> str:
        return str(resolve(self.currency, row) or default) if self.currency else default

    def _show(self, row: Any, currency: str) -> SafeString:
        value = self.of(row)
        if value is None or value == "":
            return SafeString("")
        if self.is_figure:
            written = self._figure(row, value, currency)
            # A zero steps back behind the numbers that say something.
            return conditional_escape(written) if value else format_html('<span class="zero">{}</span>', written)
        match self.kind:
            case "moment":
                return conditional_escape(formats.moment(value))
            case "ago":
                return formats.time_tag(value, formats.ago(value))
            case "badge":
                return format_html('<span class="badge badge--{}">{}</span>', self._tone(row), value)
        return conditional_escape(value)

    def _figure(self, row: Any, value: Any, currency: str) -> str:
        match self.kind:
            case "count":
                return formats.count(value)
            case "percent":
                return formats.percent(value)
            case "money":
                return formats.money(value, self._currency(row, currency))
        return str(value)

    def _tone(self, row: Any) -> str:
        return str(resolve(self.tone, row) or "quiet") if self.tone else "quiet"


def resolve(source: Callable[[Any], Any] | str, row: Any) -> Any:
    """What `source` says of `row`: called with it, or read as a dotted path of attributes, keys or methods."""
    if callable(source):
        return source(row)
    found = row
    for part in source.split("."):
        found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
        found = found() if callable(found) else found
    return found


def _text(value: Any) -> str:
    """A value as CSV text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
