"""The picture of a waterfall: what is left after each step, and what each took away."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from karibu.messages.queries import Step
from karibu.web import charts

COLOURS = {"audience": charts.INK, "loss": charts.FOURTH, "waiting": charts.THIRD, "reached": charts.ACCENT}


def drawn(steps: Sequence[Step]) -> dict[str, Any]:
    """A Vega-Lite specification: one bar a step, a loss from where it began to what it left."""
    step, people, left = _("Step"), _("People"), _("Left")
    rows = [{step: f"{n + 1}. {one.words}"[:60], people: one.count, left: one.left} for n, one in enumerate(steps)]
    bars = [{**row, **_bar(one)} for row, one in zip(rows, steps, strict=True)]
    place = {"field": step, "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 320}}
    return {
        "data": {"values": bars},
        "height": max(60, 26 * len(rows)),
        "mark": "bar",
        "encoding": {
            "y": place,
            "x": {"field": "from", "type": "quantitative", "axis": {"title": None, "grid": True, "format": "~s"}},
            "x2": {"field": "to"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
        },
    }


def _bar(step: Step) -> dict[str, Any]:
    is_taken = step.kind in ("loss", "waiting")
    begin, end = (step.left, step.left + step.count) if is_taken else (0, step.count)
    return {"from": begin, "to": end, "colour": COLOURS[step.kind]}
