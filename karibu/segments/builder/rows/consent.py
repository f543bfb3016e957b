"""Agreed to: what a customer said about being written to."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, select, words
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import Row

KIND, LABEL = "consent", _("consent")
STATUS = (("given", _("agreed to")), ("withdrawn", _("has withdrawn")), ("never", _("never said anything of")))


def read(raw: dict[str, Any]) -> Row | None:
    said = raw.get("consent")
    return Row(KIND, {name: str(value) for name, value in said.items()}) if isinstance(said, dict) else None


def write(row: Row) -> dict[str, Any]:
    said = {name: row.get(name) for name in ("channel", "topic", "status") if row.get(name)}
    return {"consent": {"channel": "email", **said}}


def controls(row: Row, known: Known) -> list[Control]:
    return [
        select("status", _("What they said"), row.get("status", "given"), STATUS),
        select("topic", _("Topic"), row.get("topic", "offers"), known.topics()),
        words(_("by")),
        select("channel", _("Channel"), row.get("channel", "email"), known.channels()),
    ]


def settle(row: Row, known: Known) -> None:
    row.fields.setdefault("topic", "offers")
