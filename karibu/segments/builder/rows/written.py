"""As it is written: a condition that no other row can show whole. It is kept to the letter and can be taken out."""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, words
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import Row

KIND, LABEL = "written", _("as written")


def row(raw: dict[str, Any]) -> Row:
    return Row(KIND, {"value": json.dumps(raw, sort_keys=True, ensure_ascii=False)})


def write(row: Row) -> dict[str, Any]:
    """What it says; nothing that could be read is a condition that the parser names as wrong."""
    try:
        raw = json.loads(row.get("value"))
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def controls(row: Row, known: Known) -> list[Control]:
    return [Control("value", "written", _("Condition"), row.get("value")), words(known.said(write(row)))]


def settle(row: Row, known: Known) -> None:
    """Nothing depends on the data."""
