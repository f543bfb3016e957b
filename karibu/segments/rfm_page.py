"""What the RFM page shows: the grid, its groups with their worth, and how the groups have grown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from karibu.segments import queries, rfm
from karibu.segments.charts import day_axis
from karibu.segments.conditions.rfm import GROUPS
from karibu.segments.models import Rfm, RfmDay
from karibu.segments.rfm import Cell
from karibu.web import formats
from karibu.web.charts import ACCENT, INK, LINE, whole

DAYS = 90
LEGEND = {"title": None, "columns": 3, "columnPadding": 60}  # room for the larger words of a phone
ADVICE = {
    "champions": _lazy("Bought lately, often and much: thank them, and tell them first."),
    "loyal": _lazy("Buy often: ask for a review, show what goes with what they have."),
    "potential": _lazy("Bought lately, a few times: win them for the next order."),
    "new": _lazy("Their first order was lately: welcome them, help with it."),
    "promising": _lazy("Bought not long ago, once or little: give them a reason for a second order."),
    "needs_attention": _lazy("Were good customers, and become quieter: something for them alone."),
    "about_to_sleep": _lazy("Bought little, and not lately: remind them of you."),
    "at_risk": _lazy("Bought often, and have not come for a while: ask what is missing."),
    "cant_lose": _lazy("Were among the best, and have been away long: call them."),
    "hibernating": _lazy("Bought little, long ago: an offer now and then."),
    "lost": _lazy("Bought once, longest ago: one last message, then leave them alone."),
}
FOLLOWED = ("champions", "loyal", "at_risk", "cant_lose", "lost")  # in the picture of the last months


@dataclass(frozen=True)
class Group:
    """`share` of all who ever ordered; `each` is what one of them has spent on average; `segment`: one of just them."""

    key: str
    label: str
    customers: int
    share: float
    spent: float
    each: float
    advice: str
    segment: int | None


def context() -> dict[str, Any]:
    """Of the last day that was reckoned; where nobody is in a group, only that there is none."""
    days = RfmDay.objects.filter(Exists(Rfm.objects.all())).order_by("-day")
    day = days.values_list("day", flat=True).first()
    if day is None:
        return {"day": None}
    cells = rfm.grid(day)
    found = groups(cells)
    return {"day": day, "groups": found, "grid": grid(cells), "finding": _finding(found), "past": past()}


def groups(cells: Sequence[Cell]) -> list[Group]:
    """The groups that somebody is in, those who spent most first."""
    everybody = sum(cell.customers for cell in cells) or 1
    found, made = [], _segments()
    for key, label in GROUPS.items():
        ours = [cell for cell in cells if cell.group == key]
        customers, spent = sum(cell.customers for cell in ours), sum(cell.spent for cell in ours)
        if customers:
            share, each = customers / everybody, spent / customers
            found.append(Group(key, str(label), customers, share, spent, each, str(ADVICE[key]), made.get(key)))
    return sorted(found, key=lambda group: -group.spent)


def _segments() -> dict[str, int]:
    """By group: the oldest live segment of its people and nobody else."""
    said = [{"all": [{"rfm": key}]} for key in GROUPS]
    rows = queries.segments().filter(definition__in=said).order_by("-pk").values_list("definition", "pk")
    return {definition["all"][0]["rfm"]: pk for definition, pk in rows}


def grid(cells: Sequence[Cell]) -> dict[str, Any]:
    """Recency upwards, frequency and value to the right; the more people in a field, the fuller its colour."""
    lately, often, people, group = _("How lately"), _("How often and how much"), _("People"), _("Group")
    rows = [
        {lately: cell.recency, often: cell.value, group: str(GROUPS[cell.group]), people: cell.customers}
        for cell in cells
    ]
    axis = {"domain": False, "ticks": False, "grid": False, "labelAngle": 0}
    encoding = {
        "x": {"field": often, "type": "ordinal", "axis": axis},
        "y": {"field": lately, "type": "ordinal", "sort": "descending", "axis": axis},
    }
    colour = {"field": people, "type": "quantitative", "legend": None, "scale": {"range": [0.04, 0.36]}}
    fields = {"mark": {"type": "rect", "color": ACCENT, "stroke": LINE}, "encoding": {"opacity": colour}}
    names = {"mark": {"type": "text", "dy": -7, "color": INK}, "encoding": {"text": {"field": group}}}
    numbers = {
        "mark": {"type": "text", "dy": 9, "color": INK, "fontWeight": "bold"},
        "encoding": {"text": {"field": people, "type": "quantitative", "format": ","}},
    }
    return {"data": {"values": rows}, "encoding": encoding, "layer": [fields, names, numbers], "height": {"step": 46}}


def past() -> dict[str, Any] | None:
    """How many were in the groups that tell most, day by day; None before the second day."""
    days = rfm.history(DAYS)
    if len({day for day, _group, _customers in days}) < 2:
        return None
    when, people, group = _("Day"), _("People"), _("Group")
    rows = [
        {when: day.isoformat(), group: str(GROUPS[key]), people: customers}
        for day, key, customers in days
        if key in FOLLOWED
    ]
    axis = whole(customers for _day, _key, customers in days)
    encoding = {
        "x": {"field": when, "type": "temporal", "title": None, "axis": day_axis(len({day for day, _g, _c in days}))},
        "y": {"field": people, "type": "quantitative", "title": None, "axis": axis},
        "color": {"field": group, "type": "nominal", "sort": [str(GROUPS[key]) for key in FOLLOWED], "legend": LEGEND},
    }
    return {"data": {"values": rows}, "mark": {"type": "line"}, "encoding": encoding}


def _finding(found: Sequence[Group]) -> str:
    """What the grid says, in a sentence."""
    best, spent = found[0], sum(group.spent for group in found)
    if not spent:
        return _("Everybody who ever ordered, by how lately and how well they buy")
    said = {
        "group": best.label,
        "share": formats.percent(best.share, 0),
        "money": formats.percent(best.spent / spent, 0),
    }
    return _("%(share)s of the buyers are %(group)s and brought %(money)s of the money") % said
