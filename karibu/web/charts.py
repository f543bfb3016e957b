"""Charts: Vega-Lite drawn to SVG on the server, in the page's own colours, each with its table.

No script runs in the browser and nothing is fetched. Colours are the design system's variables, so a chart follows the
theme. A drawing is kept by the digest of its specification.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from karibu.web import drawing

# Stand-ins that Vega can parse; each becomes the variable of the design system in the finished SVG.
COLOURS = {
    "#c00001": "var(--accent-mark)",
    "#c00002": "var(--chart-2)",
    "#c00003": "var(--chart-3)",
    "#c00004": "var(--chart-4)",
    "#c00005": "var(--chart-5)",
    "#c00006": "var(--ink-2)",
    "#c00007": "var(--line)",
    "#c00008": "var(--ink-3)",
    "#c00009": "var(--paper)",
}
ACCENT, SECOND, THIRD, FOURTH, FIFTH, INK, LINE, FAINT, PAPER = COLOURS
THEME: dict[str, Any] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "range": {"category": [ACCENT, SECOND, THIRD, FOURTH, FIFTH]},
    "axis": {
        "labelColor": INK, "titleColor": INK, "gridColor": LINE, "domainColor": LINE, "tickColor": LINE,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelPadding": 6, "grid": False,
    },
    "axisY": {"grid": True, "domain": False, "ticks": False, "tickCount": 4},
    # On a phone words are drawn larger than they are measured here (charts.css): they keep apart.
    "axisX": {"tickSize": 4, "labelFlush": True, "labelSeparation": 24},
    "legend": {
        "columnPadding": 32, "labelColor": INK, "titleColor": INK, "labelFontSize": 12, "symbolType": "circle",
        "orient": "top",
    },
    "title": {"color": INK, "fontSize": 13, "fontWeight": "normal", "anchor": "start"},
    "header": {"labelColor": INK, "titleColor": INK},
    "line": {"strokeWidth": 1.75, "color": ACCENT, "strokeCap": "round", "strokeJoin": "round"},
    "area": {"color": ACCENT, "opacity": 0.16, "line": False},
    "bar": {"color": ACCENT, "cornerRadiusEnd": 2},
    "rect": {"color": ACCENT},
    "arc": {"color": ACCENT},
    "point": {"color": ACCENT, "filled": True},
    "rule": {"color": FAINT},
    "text": {"color": INK, "fontSize": 12},
}  # fmt: skip


def draw(chart: Any) -> SafeString:
    """`chart` (an altair chart or a Vega-Lite specification) as inline SVG that fills its container's width.

    Raises ValueError for a specification that Vega-Lite refuses.
    """
    return _svg(json.dumps(specification(chart), sort_keys=True, default=str))


def specification(chart: Any) -> dict[str, Any]:
    """The Vega-Lite specification, themed; what it sets itself stays."""
    given: dict[str, Any] = dict(chart) if isinstance(chart, Mapping) else chart.to_dict()
    own = given.get("config") or {}
    if not isinstance(chart, Mapping):
        own = {name: part for name, part in own.items() if name != "view"}  # altair's default size
    config = {name: _over(THEME.get(name), own.get(name)) for name in {*THEME, *own}}
    sizes = {} if {"hconcat", "vconcat", "concat", "facet"} & given.keys() else {"width": 520, "height": 180}
    return {**sizes, "autosize": {"type": "fit-x", "contains": "padding"}, **given, "config": config}


def table(chart: Any) -> tuple[list[str], list[list[Any]]]:
    """The heads and rows of the data the chart shows; its first data set where there are several."""
    given = dict(chart) if isinstance(chart, Mapping) else chart.to_dict()
    named = given.get("datasets", {})
    data: dict[str, Any] = given.get("data") or next(
        (layer["data"] for layer in given.get("layer", []) if layer.get("data")), {}
    )
    rows: list[dict[str, Any]] = (
        data.get("values") or named.get(data.get("name", ""), []) or next(iter(named.values()), [])
    )
    heads = list(rows[0]) if rows else []
    return heads, [[row.get(head) for head in heads] for row in rows]


def sparkline(values: list[float], width: int = 96, height: int = 24) -> SafeString:
    """A line of `values`, oldest first, from zero, as inline SVG; the number beside it says the rest."""
    if len(values) < 2:
        return SafeString("")
    top = max(*values, 0.0) or 1.0
    step = width / (len(values) - 1)
    points = [f"{n * step:.1f},{height - 2 - value / top * (height - 4):.1f}" for n, value in enumerate(values)]
    line = " ".join(points)
    return mark_safe(  # noqa: S308 - numbers only
        f'<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,{height} {line} {width},{height}"/><polyline points="{line}"/></svg>'
    )


def whole(values: Iterable[float]) -> dict[str, Any]:
    """An axis for counts: no tick between two whole numbers (`tickMinStep` does not keep Vega-Lite from that)."""
    return {"tickCount": int(min(4, max(1, *values, 1)))}


def _over(under: Any, over: Any) -> Any:
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        return {**under, **over}
    return under if over is None else over


_drawer = drawing.Drawer()


@lru_cache(maxsize=256)
def _svg(text: str) -> SafeString:
    svg = _drawer.svg(text)
    for stand_in, variable in COLOURS.items():
        svg = svg.replace(stand_in, variable)
    # Ids of clipped marks are unique only within one drawing.
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    svg = svg.replace('id="clip', f'id="{mark}clip').replace("url(#clip", f"url(#{mark}clip")
    return mark_safe(svg.replace("<svg ", '<svg role="presentation" ', 1))  # noqa: S308
