"""Is in the segment: another one, as it is at the moment."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import NONE, Control, select
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import Row

KIND, LABEL = "segment", _("is in the segment")


def read(raw: dict[str, Any]) -> Row | None:
    number = raw.get("segment")
    return Row(KIND, {"value": str(number)}) if isinstance(number, int) and number is not True else None


def write(row: Row) -> dict[str, Any]:
    number = row.get("value")
    return {"segment": int(number) if number.isascii() and number.isdigit() and len(number) < 19 else number}


def controls(row: Row, known: Known) -> list[Control]:
    return [select("value", _("Segment"), row.get("value"), [NONE, *known.segments()])]


def settle(row: Row, known: Known) -> None:
    """Nothing depends on the data."""
