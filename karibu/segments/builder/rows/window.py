"""The time in which something must have happened: ever, in the last days or hours, some days or hours ago, or between
two days."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, select, words
from karibu.segments.builder.rows.values import number, text_of

SPANS = (
    ("", _("at any time")),
    ("days", _("in the last … days")),
    ("hours", _("in the last … hours")),
    ("days ago", _("between … and … days ago")),
    ("hours ago", _("between … and … hours ago")),
    ("between", _("between two days")),
)
AGO = {"days ago": _("days ago"), "hours ago": _("hours ago")}


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
    for unit in ("days", "hours"):
        if set(within) == {unit, f"until_{unit}"}:
            return {"span": f"{unit} ago", "until": text_of(within[f"until_{unit}"]), "length": text_of(within[unit])}
    return None


def write(said: Spanned) -> dict[str, Any]:
    span = said.get("span")
    if span == "between":
        return {"within": {"from": said.get("from"), "to": said.get("to")}}
    unit, _space, is_over = span.partition(" ")
    length = number(said.get("length"))
    if not is_over:
        return {"within": {unit: length}} if unit else {}
    ends = [number(said.get("until")), length]
    # "Between 60 and 30 days ago" is said as often as the other way round.
    near, far = ends if any(isinstance(end, str) for end in ends) else sorted(ends)
    return {"within": {unit: far, f"until_{unit}": near}}


def controls(said: Spanned) -> list[Control]:
    span = said.get("span")
    found = [select("span", _("When"), span, SPANS, reshapes=True)]
    if span == "between":
        day_from = Control("from", "date", _("First day"), said.get("from"))
        return [*found, day_from, words(_("and")), Control("to", "date", _("Last day"), said.get("to"))]
    if span in AGO:
        nearest = Control("until", "number", _("At least so long ago"), said.get("until"))
        farthest = Control("length", "number", _("At most so long ago"), said.get("length"))
        return [*found, nearest, words(_("and")), farthest, words(AGO[span])]
    unit = {"days": _("days"), "hours": _("hours")}
    return (
        [*found, Control("length", "number", _("How many"), said.get("length")), words(unit[span])] if span else found
    )
