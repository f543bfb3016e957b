"""The pictures of segments, as Vega-Lite specifications; each title states what its picture shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.segments import queries
from karibu.segments.circles import HEIGHT, WIDTH, circles
from karibu.segments.queries import Overlap
from karibu.web import formats
from karibu.web.charts import ACCENT, SECOND, whole

DAYS = 90


@dataclass(frozen=True)
class Picture:
    """`spec` is None where there is nothing to draw yet."""

    title: str
    spec: dict[str, Any] | None


def of_segment(segment_id: int) -> Picture:
    """How many members it had on each of the last DAYS days."""
    return over_time(queries.sizes([segment_id], DAYS)[segment_id])


def over_time(sizes: Sequence[tuple[date, int]]) -> Picture:
    """How many members there were each day."""
    if len(sizes) < 2:
        return Picture(_("Its size is drawn from the second day on."), None)
    day, people = _("Day"), _("People")
    rows = [{day: when.isoformat(), people: members} for when, members in sizes]
    encoding = {
        "x": {"field": day, "type": "temporal", "title": None, "axis": day_axis(len(sizes))},
        "y": {
            "field": people,
            "type": "quantitative",
            "title": None,
            "axis": whole(members for _when, members in sizes),
            "scale": {"zero": True},
        },
    }
    spec = {
        "data": {"values": rows},
        "encoding": encoding,
        "layer": [{"mark": {"type": "area"}}, {"mark": {"type": "line"}}],
        "height": 130,
    }
    return Picture(_grown(sizes), spec)


def day_axis(days: int) -> dict[str, Any]:
    """An axis of so many days, none of them written twice."""
    return {"format": "%-d %b", "labelOverlap": True, "tickCount": max(1, min(days - 1, 8))}


def _grown(sizes: Sequence[tuple[date, int]]) -> str:
    (first, before), (_last, now) = sizes[0], sizes[-1]
    days = (sizes[-1][0] - first).days
    said = {"days": days, "now": formats.count(now), "n": formats.count(abs(now - before))}
    people = ngettext("%(now)s person", "%(now)s people", now)
    then = ngettext("%(days)s day ago", "%(days)s days ago", days)
    if now == before:
        change = _("as many as %(then)s")
    else:
        change = _("%(n)s more than %(then)s") if now > before else _("%(n)s fewer than %(then)s")
    return ", ".join((people % said, change % {**said, "then": then % said}))


def bars(head: str, rows: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """People by the names of `head`, as bars with their numbers beside them."""
    people = _("People")
    encoding = {
        "y": {"field": head, "type": "nominal", "sort": None, "title": None, "axis": {"grid": False, "domain": False}},
        "x": {"field": people, "type": "quantitative", "title": None, "axis": None},
    }
    amounts = {
        "mark": {"type": "text", "align": "left", "dx": 5},
        "encoding": {"text": {"field": people, "type": "quantitative", "format": ","}},
    }
    return {
        "data": {"values": [{head: name, people: number} for name, number in rows]},
        "encoding": encoding,
        "layer": [{"mark": {"type": "bar"}}, amounts],
        "height": {"step": 24},
        "width": 300,
    }


def shared(one: str, other: str, shared: Overlap) -> str:
    """What that picture shows, in a sentence."""
    if not shared.both:
        return _("Nobody is in both")
    words = {"one": one, "other": other, "n": formats.count(shared.both)}
    words["a"] = formats.percent(shared.both / (shared.one + shared.both), 0)
    words["b"] = formats.percent(shared.both / (shared.other + shared.both), 0)
    return ngettext(
        "%(n)s is in both: %(a)s of “%(one)s”, %(b)s of “%(other)s”",
        "%(n)s are in both: %(a)s of “%(one)s”, %(b)s of “%(other)s”",
        shared.both,
    ) % words  # fmt: skip


def overlap(one: str, other: str, shared: Overlap) -> dict[str, Any]:
    """Two circles whose areas are the segments, as far into one another as they share people."""
    people, where = _("People"), _("Where")
    rows = [
        {where: _("only in %(name)s") % {"name": one}, people: shared.one},
        {where: _("in both"), people: shared.both},
        {where: _("only in %(name)s") % {"name": other}, people: shared.other},
    ]
    drawn = circles(shared.one + shared.both, shared.other + shared.both, shared.both)
    names = [one, other if other != one else f"{other} (2)"]
    return {
        "data": {"values": rows},
        "height": HEIGHT,
        "layer": [_circle(circle, name, names) for circle, name in zip(drawn, names, strict=True)],
    }


def _circle(circle: tuple[float, float, float], name: str, names: Sequence[str]) -> dict[str, Any]:
    """A circle of Vega-Lite: its size is the area of the square around it."""
    x, y, radius = circle
    return {
        "data": {"values": [{"x": x, "y": y, "name": name}]},
        "mark": {"type": "point", "shape": "circle", "size": 4 * radius**2, "filled": True, "opacity": 0.35},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, WIDTH], "nice": False}},
            "y": {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [0, HEIGHT], "nice": False}},
            "color": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": list(names), "range": [ACCENT, SECOND]},
                "legend": {"title": None, "symbolOpacity": 0.6, "labelLimit": 330, "columns": 1, "rowPadding": 9},
            },
        },
    }
