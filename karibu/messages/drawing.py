"""The picture of a waterfall: what is left after each step, and what each took away."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from django.utils.translation import gettext as _

from karibu.messages.queries import Step
from karibu.web import charts

COLOURS = {"audience": charts.INK, "loss": charts.FAINT, "waiting": charts.THIRD, "reached": charts.ACCENT}
LONG, LINE = 54, 18  # letters that fit on a phone; pixels a line


def drawn(steps: Sequence[Step]) -> dict[str, Any]:
    """A Vega-Lite specification: one bar a step, a loss from where it began to what it left, its words above it."""
    step, messages, left, what = _("Step"), _("Messages"), _("Left"), _("What it is")
    words = {"audience": _("all"), "loss": _("taken away"), "waiting": _("waiting"), "reached": _("reached")}
    said = [fill(s.words, LONG) for s in steps]
    rows = [
        {step: text, messages: s.count, left: s.left, what: words[s.kind]} for text, s in zip(said, steps, strict=True)
    ]
    breaks = max((text.count("\n") for text in said), default=0)
    is_taken = f"indexof({[words['loss'], words['waiting']]}, datum['{what}']) >= 0"
    number, whole = f"datum['{messages}']", f"datum['{left}'] + datum['{messages}']"
    return {
        "data": {"values": rows},
        "height": max(60, len(rows) * (38 + LINE * breaks)),
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
    lines_before_last = "length(split(datum.label, '\\n')) - 1"
    return {
        "mark": {
            "type": "text",
            "align": "left",
            "baseline": "bottom",
            "lineBreak": "\n",
            "lineHeight": LINE,
            "dx": 3,
            "dy": {"expr": f"-1 - {LINE} * ({lines_before_last})"},
        },
        "encoding": {"x": {"datum": 0}, "text": {"field": "label"}},
    }
