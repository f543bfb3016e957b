"""`/api/v1/metrics`: the same numbers as on the screens and in the CSV files."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from karibu.insights.metrics import METRICS, UnknownDimension, Value
from karibu.insights.periods import BadPeriod, parse, zone_named
from karibu.web.problems import Problem
from karibu.web.queries import shop

router = Router(tags=["metrics"])


@router.get("/metrics")
def metrics(request: HttpRequest) -> dict[str, Any]:
    """Every metric: what it means and what it can be split by."""
    return {
        "items": [
            {
                "metric": metric.name,
                "label": str(metric.label),
                "definition": str(metric.definition),
                "by": list(metric.dimensions),
            }
            for metric in METRICS.values()
        ],
        "next": None,
    }


@router.get("/metrics/{metric}")
def metric(
    request: HttpRequest,
    metric: str,
    start: str = Query("", alias="from"),
    end: str = Query("", alias="to"),
    by: str = "",
    zone: str = "",
) -> dict[str, Any]:
    """`total`, and its parts in `series` when split `by` something.

    `from` and `to` are whole days of `zone` (the shop's own unless given), both included, or exact times, `to`
    excluded; without them everything counts. Money is in the shop's currency.
    """
    if metric not in METRICS:
        raise Problem(404, f"There is no metric '{metric}'; there are: {', '.join(METRICS)}.", field="metric")
    found, here = METRICS[metric], shop()
    try:
        measured = found.measure(parse(start, end, zone_named(zone or here.timezone)), by)
    except BadPeriod as error:
        raise Problem(422, str(error), field=error.field) from None
    except UnknownDimension as error:
        raise Problem(422, str(error), field="by") from None
    answer: dict[str, Any] = {
        "metric": metric,
        "total": _number(measured.total),
        "series": [{"key": point.key, "value": _number(point.value)} for point in measured.series],
    }
    return answer | ({"currency": here.currency} if found.is_money else {})


def _number(value: Value) -> int | float:
    """Money has two decimals, which JSON numbers carry exactly up to ten million million."""
    return value if isinstance(value, int) else float(value)
