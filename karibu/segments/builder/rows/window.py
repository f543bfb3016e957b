"""The time in which something must have happened: ever, in the last days or hours, or between two days."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, select, words
from karibu.segments.builder.rows.values import number, text_of

SPANS = (
    ("", _("at any time")),
    ("days", _("in the last … days")),
    ("hours", _("in the last … hours")),
    ("between", _("between two days")),
)
DISTANCES = (("days", _("within … days")), ("hours", _("within … hours")), ("", _("however long it takes")))


class Spanned(Protocol):
    def get(self, name: str, default: str = "") -> str: ...


def read(raw: Mapping[str, Any]) -> dict[str, str] | None:
    """The fields of `within`; None for one that is said in another way."""
    within = raw.get("within")
    if within is None:
        return {}
    if not isinstance(within, dict):
        return None
    if set(within) == {"from", "to"}:
        return {"span": "between", "from": str(within["from"]), "to": str(within["to"])}
    if len(within) == 1 and (unit := next(iter(within))) in ("days", "hours"):
        return {"span": unit, "length": text_of(within[unit])}
    return None


def write(said: Spanned) -> dict[str, Any]:
    span = said.get("span")
    if span == "between":
        return {"within": {"from": said.get("from"), "to": said.get("to")}}
    return {"within": {span: number(said.get("length"))}} if span else {}


def controls(said: Spanned, spans: Any = SPANS) -> list[Control]:
    span = said.get("span")
    found = [select("span", _("When"), span, spans, reshapes=True)]
    if span == "between":
        day_from = Control("from", "date", _("First day"), said.get("from"))
        return [*found, day_from, words(_("and")), Control("to", "date", _("Last day"), said.get("to"))]
    unit = {"days": _("days"), "hours": _("hours")}
    return (
        [*found, Control("length", "number", _("How many"), said.get("length")), words(unit[span])] if span else found
    )
