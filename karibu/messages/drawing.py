"""The picture of a waterfall: what is left after each step, and what each took away."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from karibu.messages.queries import Step
from karibu.web import charts

COLOURS = {"audience": charts.INK, "loss": charts.FAINT, "waiting": charts.THIRD, "reached": charts.ACCENT}


def drawn(steps: Sequence[Step]) -> dict[str, Any]:
    """A Vega-Lite specification: one bar a step, a loss from where it began to what it left, its words above it."""
    step, messages, left, what = _("Step"), _("Messages"), _("Left"), _("What it is")
    words = {"audience": _("all"), "loss": _("taken away"), "waiting": _("waiting"), "reached": _("reached")}
    rows = [{step: s.words, messages: s.count, left: s.left, what: words[s.kind]} for s in steps]
    is_taken = f"indexof({[words['loss'], words['waiting']]}, datum['{what}']) >= 0"
    number, whole = f"datum['{messages}']", f"datum['{left}'] + datum['{messages}']"
    return {
        "data": {"values": rows},
        "height": max(60, 38 * len(rows)),
        "transform": [
            {"window": [{"op": "row_number", "as": "place"}]},
            {"calculate": f"{is_taken} ? datum['{left}'] : 0", "as": "begin"},
            {"calculate": f"{is_taken} ? {whole} : {number}", "as": "end"},
            {"calculate": f"({is_taken} ? '− ' : '') + format({number}, ',') + '  ' + datum['{step}']", "as": "label"},
        ],
        "encoding": {"y": {"field": "place", "type": "ordinal", "axis": None}},
        "layer": [_bars(what, words), _labels()],
    }


def _bars(what: str, words: dict[str, str]) -> dict[str, Any]:
    scale = {"domain": list(words.values()), "range": [COLOURS[kind] for kind in words]}
    return {
        "mark": {"type": "bar", "height": 12, "yOffset": 8},
        "encoding": {
            "x": {"field": "begin", "type": "quantitative", "axis": None},
            "x2": {"field": "end"},
            "color": {"field": what, "type": "nominal", "scale": scale, "legend": None},
        },
    }


def _labels() -> dict[str, Any]:
    return {
        "mark": {"type": "text", "align": "left", "dx": 3, "dy": -8},
        "encoding": {"x": {"datum": 0}, "text": {"field": "label"}},
    }
