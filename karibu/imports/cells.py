"""What stands in a cell: amounts, whole numbers and moments as people and programs write them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from karibu.events.commerce import money

THOUSANDS = re.compile(r"-?\d{1,3}([,.' ]\d{3})+")
NOT_MONEY = re.compile(r"[^\d.,'\-+eE]")
PARTED = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(AM|PM|am|pm)?")


class BadCell(ValueError):
    """`field` is ours; the reason quotes the cell."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def amount(cell: str, field: str) -> Decimal:
    """ "1,299.00", "1.299,00", "$ 12.50", "12,5". Raises BadCell."""
    plain = money(cell)
    if plain is not None:
        return plain
    bare = NOT_MONEY.sub("", cell).replace("'", "")
    comma, point = bare.rfind(","), bare.rfind(".")
    if comma >= 0 and point >= 0:
        bare = bare.replace("," if comma < point else ".", "").replace(",", ".")
    elif comma >= 0:
        bare = bare.replace(",", "" if THOUSANDS.fullmatch(bare) else ".")
    elif bare.count(".") > 1 and THOUSANDS.fullmatch(bare):
        bare = bare.replace(".", "")
    plain = money(bare)
    if plain is None:
        raise BadCell(field, f"“{cell[:80]}” is no amount")
    return plain


def day_comes_first(cells: Iterable[str]) -> bool:
    """Whether dates like 3/4/2026 of this column start with the day: one of them has a first number beyond 12."""
    parts = [found for cell in cells if (found := PARTED.fullmatch(cell.strip())) and len(found[1]) <= 2]
    return any(int(found[1]) > 12 for found in parts)


def moment(cell: str, field: str, zone: str, day_first: bool) -> datetime:
    """A moment in UTC; one without a zone is meant in `zone`. Raises BadCell."""
    try:
        return _moment(cell, zone, day_first)
    except (ValueError, OverflowError, OSError):
        raise BadCell(field, f"“{cell[:80]}” is no date") from None


@lru_cache(100_000)
def _moment(cell: str, zone: str, day_first: bool) -> datetime:
    cell = cell.strip()
    if found := PARTED.fullmatch(cell):
        made = _from_parts(found, day_first)
    elif cell.isdecimal() and len(cell) in (10, 13, 16):  # seconds, ms or µs since 1970
        made = datetime.fromtimestamp(int(cell) / 10 ** (len(cell) - 10), UTC)
    else:
        made = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", cell))
    if made.tzinfo is None:
        made = made.replace(tzinfo=ZoneInfo(zone))
    return made.astimezone(UTC)


def _from_parts(found: re.Match[str], day_first: bool) -> datetime:
    first, second, third = int(found[1]), int(found[2]), int(found[3])
    if len(found[1]) == 4:
        year, month, day = first, second, third
    elif day_first or "." in found[0][: found.end(2) + 1]:
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    hour = int(found[4] or 0)
    if found[7]:
        hour = hour % 12 + (12 if found[7].lower() == "pm" else 0)
    return datetime(  # noqa: DTZ001 - the zone is added by the caller
        year + 2000 if year < 100 else year, month, day, hour, int(found[5] or 0), int(found[6] or 0)
    )
