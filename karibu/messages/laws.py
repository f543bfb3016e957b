"""What is law, code or habit in each country: the table `hours.txt`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from karibu.messages.hours import Ranges, Week, parse

ANYWHERE = "*"


@dataclass(frozen=True)
class Law:
    """One row of the table. `kind`: law, code or habit; `source` says where it stands."""

    country: str
    week: Week
    kind: str
    source: str


@cache
def table() -> dict[str, Law]:
    lines = Path(__file__).with_name("hours.txt").read_text().splitlines()
    laws = [_law(line) for line in lines if line and not line.startswith("#")]
    return {law.country: law for law in laws}


def of(country: str) -> Week:
    """The hours of this country; those that are taken for everywhere where the table does not name it."""
    return (table().get(country) or table()[ANYWHERE]).week


def _law(line: str) -> Law:
    country, weekdays, saturday, sunday, on_holidays, kind, source = (part.strip() for part in line.split("|"))
    week = Week(_ranges(weekdays), _ranges(saturday), _ranges(sunday), on_holidays == "yes", country)
    return Law(country, week, kind, source)


def _ranges(text: str) -> Ranges:
    return () if text == "-" else parse(text)
