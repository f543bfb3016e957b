"""Is likely to: a score that another app reckons, between 0 and 1 or in the shop's currency."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import NONE, Control, select, words
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import values
from karibu.segments.builder.tree import Row

KIND, LABEL = "prediction", _("is likely to")


def read(raw: dict[str, Any]) -> Row | None:
    name = raw.get("prediction")
    return Row(KIND, {"prediction": name, **values.read(raw)}) if isinstance(name, str) else None


def write(row: Row) -> dict[str, Any]:
    return {"prediction": row.get("prediction"), **values.write({"op": "gte", "type": "number", **row.fields})}


def controls(row: Row, known: Known) -> list[Control]:
    offered = known.predictions()
    if not offered and not row.get("prediction"):
        return [words(_("Nothing is predicted yet: scores appear here as soon as there are some."))]
    return [
        select("prediction", _("What is predicted"), row.get("prediction"), [NONE, *offered]),
        *values.controls({"op": "gte", **row.fields}, "number"),
    ]


def settle(row: Row, known: Known) -> None:
    row.fields["type"] = "number"
