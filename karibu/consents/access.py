"""Everything that is held about one person, as one file for that person (GDPR art. 15 and 20, LGPD art. 18).

A ZIP: `index.html` to be read, and for each kind of thing a JSON file, whole. Every app that knows something tells its
part; what is told is what an erasure would take.
"""

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec
from django.template.loader import render_to_string
from django.utils import timezone

from karibu.consents import person
from karibu.consents.person import Person
from karibu.customers.models import Customer
from karibu.customers.queries import resolve
from karibu.web.actions import record
from karibu.web.queries import shop

READABLE = 1000  # rows of one kind that the readable page shows; the files have all
_KINDS = msgspec.json.Encoder(enc_hook=str)


class NobodyThere(LookupError):
    """There is no such customer, or they were erased."""


@dataclass(frozen=True)
class Part:
    """One kind of thing: `name` of its file, what people call it, and its rows."""

    name: str
    title: Any  # str or a lazy translation
    rows: Iterable[dict[str, Any]]


@dataclass
class Shown:
    """A part as the readable page has it."""

    part: Part
    count: int = 0
    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: dict[str, Any]) -> None:
        self.count += 1
        if self.count <= READABLE:
            self.columns += [name for name in row if name not in self.columns]
            self.rows.append(row)

    @property
    def lines(self) -> list[list[str]]:
        return [[_readable(row.get(column)) for column in self.columns] for row in self.rows]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What there is but one of, column by column."""
        return list(zip(self.columns, self.lines[0], strict=True)) if self.count == 1 else []


Teller = Callable[[Person], Iterator[Part]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """`teller(person)` yields what an app holds about the person. Rows are plain data; empty values may be left out."""
    if teller not in _tellers:
        _tellers.append(teller)


def write(customer_id: int, to: IO[bytes], *, by: str) -> dict[str, int]:
    """Writes the archive of the customer and all that were merged into them; returns how many rows of each part.

    Raises NobodyThere.
    """
    today = resolve(customer_id)
    customer = Customer.objects.filter(pk=today, erased_at=None).first() if today else None
    if customer is None:
        raise NobodyThere(f"There is no customer {customer_id}.")
    them = person.known(customer.pk)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as packed:
        shown = [_written(packed, part) for teller in _tellers for part in teller(them)]
        context = {"customer": customer, "shop": shop(), "parts": shown, "now": timezone.now(), "readable": READABLE}
        packed.writestr("index.html", render_to_string("consents/archive.html", context))
    counts = {one.part.name: one.count for one in shown}
    record(by, "exported customer", f"customer {customer.pk}", **counts)
    return counts


def save(customer_id: int, path: Path, *, by: str) -> dict[str, int]:
    """The same into a new file that nobody but its owner may read. Raises NobodyThere, FileExistsError."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        try:
            return write(customer_id, file, by=by)
        except BaseException:
            path.unlink()
            raise


def _written(packed: zipfile.ZipFile, part: Part) -> Shown:
    """The part's file: a JSON array, a row on each line, however many there are."""
    shown = Shown(part)
    with packed.open(f"{part.name}.json", "w") as file:
        file.write(b"[")
        for row in part.rows:
            told = {name: value for name, value in row.items() if value not in (None, "", [], {})}
            file.write((b",\n" if shown.count else b"\n") + _KINDS.encode(told))
            shown.take(told)
        file.write(b"\n]\n")
    return shown


def _readable(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return _KINDS.encode(value).decode()
    return value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "isoformat") else str(value)
