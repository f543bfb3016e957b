"""Suppression lists: read out of whatever another system exports, and shown as a table."""

import csv
import re
from io import StringIO
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.consents.methods import CHANNELS, channel_name
from karibu.consents.models import Suppression
from karibu.customers import addresses
from karibu.web.tables import Choice, Column, Empty, Table

_MAIL = re.compile(r"[^\s@\"'<>()\[\],;:=&?/\\]{1,64}@[^\s@\"'<>()\[\],;:=&?/\\]{3,255}")


def addresses_in(text: str, channel: str) -> list[str]:
    """Every address of this channel in a list or a CSV file, each once, whatever stands beside it."""
    if channel == "email":
        return list(dict.fromkeys(found.rstrip(".").lower() for found in _MAIL.findall(text)))
    cells = (cell for row in csv.reader(StringIO(text.replace("\0", ""))) for cell in row)
    numbers = (addresses.phone(cell.strip(), "") for cell in cells if any(sign.isdigit() for sign in cell))
    return list(dict.fromkeys(number for number in numbers if number))


class Suppressions(Table):
    name = "suppressions"
    columns = [
        Column("address", _("Address"), value="value", link=lambda one: f"/settings/suppressions/{one.pk}/"),
        Column("channel", _("Channel"), value=lambda row: channel_name(row.channel)),
        Column("reason", _("Because"), value="get_reason_display"),
        Column("since", _("Since"), value="at", kind="ago", sort="at"),
        Column("by", _("By")),
        Column("note", _("Note"), is_long=True),
        Column(
            "state",
            _("State"),
            value=lambda one: _("lifted") if one.lifted_at else _("blocked"),
            kind="badge",
            tone=lambda one: "quiet" if one.lifted_at else "bad",
        ),
    ]
    filters = [
        Choice("reason", _("Because"), choices=Suppression.Reason.choices),
        Choice("channel", _("Channel"), choices=CHANNELS[:3]),
        Choice(
            "state",
            _("State"),
            choices=[("blocked", _("blocked")), ("lifted", _("lifted"))],
            apply=lambda rows, value: rows.filter(lifted_at__isnull=value == "blocked"),
        ),
    ]
    order = "-since"
    search_label = _("Search addresses")
    empty = Empty(
        _("No address is blocked"),
        _("Addresses come here by themselves when a server says that nobody is there, or a person complains."),
    )

    def search(self, rows: Any, text: str) -> QuerySet[Suppression]:
        """By how the address begins, or by what follows its @."""
        asked = text.strip().lower()
        narrowed: QuerySet[Suppression] = rows.filter(value__contains=asked)
        return narrowed
