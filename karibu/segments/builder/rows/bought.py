"""Bought: the event "Order Completed", said as people say it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import event
from karibu.segments.builder.tree import Row

KIND, LABEL = "bought", _("bought")
BUYS = "Order Completed"


def read(raw: dict[str, Any]) -> Row | None:
    return event.read(raw, KIND) if raw.get("event") == BUYS else None


def write(row: Row) -> dict[str, Any]:
    row.fields["event"] = BUYS
    return event.write(row)


def controls(row: Row, known: Known) -> list[Control]:
    return event.counted(row, known)


settle = event.settle
