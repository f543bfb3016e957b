"""Is in the RFM group: how lately, how often and how much they buy, compared with the others."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import Row

KIND, LABEL = "rfm", _("is in an RFM group")


def read(raw: dict[str, Any]) -> Row | None:
    groups = raw.get("rfm")
    listed = [groups] if isinstance(groups, str) else groups
    return Row(KIND, {"values": "\n".join(map(str, listed))}) if isinstance(listed, list) else None


def write(row: Row) -> dict[str, Any]:
    groups = row.get("values").split("\n") if row.get("values") else []
    return {"rfm": groups[0] if len(groups) == 1 else groups}


def controls(row: Row, known: Known) -> list[Control]:
    return [Control("values", "many", _("Groups"), row.get("values"), [("", known.rfm_groups())])]


def settle(row: Row, known: Known) -> None:
    """Nothing depends on the data."""
