"""What the insights page shows: a few figures over a stretch of days, each as a chart with its table and its CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from karibu.campaigns.models import Campaign
from karibu.events.models import EventCount
from karibu.insights.metrics import METRICS, Measurement, Metric, Point, Value, to_cents
from karibu.insights.periods import Period, last_days, midnight
from karibu.messages import senders
from karibu.shop.models import Order
from karibu.web import charts
from karibu.web.formats import count, moment, money, percent
from karibu.web.queries import shop

CHOICES = (30, 90, 365)
MOST_PARTS = 12


@dataclass(frozen=True)
class Figure:
    """One metric on the page. `chart` is a Vega-Lite specification, None where there is nothing to draw."""

    title: str
    definition: str
    total: str
    finding: str  # what the chart shows, in a sentence
    chart: dict[str, Any] | None
    csv: str


def days_asked(text: str) -> int:
    return int(text) if text.isdigit() and int(text) in CHOICES else CHOICES[0]


def report(days: int, zone: ZoneInfo) -> dict[str, Any]:
    """The context of the page for the last `days` days as seen from `zone`."""
    period = last_days(days, zone)
    return {
        "days": days,
        "choices": CHOICES,
        "over_time": [over_time(name, period) for name in ("revenue", "orders", "visitors", "customers")],
        "is_empty": not measured_ever(),
        "parts": [parts("attributed_revenue", "sender", period), parts("events", "event", period)],
    }


def measured_ever() -> bool:
    """Whether there is anything to report at all."""
    return Order.objects.exists() or EventCount.objects.exists()


def over_time(name: str, period: Period) -> Figure:
    """A metric by day, as bars."""
    metric = METRICS[name]
    measured = metric.measure(period, "day")
    rows = [{_("Day"): point.key, str(metric.label): _number(point.value)} for point in measured.series]
    axis = charts.whole(_number(point.value) for point in measured.series)
    encoding = {
        "x": {"field": _("Day"), "type": "temporal", "title": None, "axis": {"format": "%-d %b", "labelOverlap": True}},
        "y": {"field": str(metric.label), "type": "quantitative", "title": None, "axis": axis},
    }
    figure = _figure(name, "day", period, measured, rows, {"mark": {"type": "bar"}, "encoding": encoding})
    compared = _compared(measured.total, metric.measure(_before(period)).total, period)
    return replace(figure, finding=f"{compared} {figure.finding}".strip())


def _before(period: Period) -> Period:
    """As many days as `period` has, just before it."""
    assert period.start and period.end
    first = period.start.astimezone(period.zone).date() - timedelta(days=len(list(period.days())))
    return Period(midnight(first, period.zone), period.start, period.zone)


def _compared(now: Value, before: Value, period: Period) -> str:
    """How the total compares with that of as many days before; "" where there was nothing to compare with."""
    if not before or not now:
        return ""
    share, days = (float(now) - float(before)) / float(before), len(list(period.days()))
    if abs(share) < 0.005:
        return _("As in the %(days)d days before.") % {"days": days}
    said = {"share": percent(abs(share), 0), "days": days}
    if share > 0:
        return _("%(share)s more than in the %(days)d days before.") % said
    return _("%(share)s less than in the %(days)d days before.") % said


def parts(name: str, by: str, period: Period) -> Figure:
    """A metric split, largest first, as bars with their names beside them."""
    metric = METRICS[name]
    measured = metric.measure(period, by)
    head = _("Name")
    shown = measured.series[:MOST_PARTS]
    names = named(shown)
    rows = [{head: names[point.key], str(metric.label): _number(point.value)} for point in shown]
    encoding = {
        "y": {"field": head, "type": "nominal", "sort": None, "title": None, "axis": {"grid": False, "domain": False}},
        "x": {"field": str(metric.label), "type": "quantitative", "title": None, "axis": None},
    }
    amounts = {"mark": {"type": "text", "align": "left", "dx": 5}, "encoding": {"text": _amount(metric)}}
    layers = {"layer": [{"mark": {"type": "bar"}}, amounts], "encoding": encoding, "height": {"step": 24}}
    return _figure(name, by, period, measured, rows, layers, names)


def _amount(metric: Metric) -> dict[str, str]:
    """The number beside a bar."""
    return {"field": str(metric.label), "type": "quantitative", "format": ",.2f" if metric.is_money else ",d"}


def earned_by(sender: str, zone: ZoneInfo) -> dict[str, Any]:
    """What the messages of one sender earned in the last 30 days, and how many orders it took."""
    period = last_days(30, zone)
    earned = {
        name: next((p.value for p in METRICS[name].measure(period, "sender").series if p.key == sender), 0)
        for name in ("attributed_revenue", "attributed_orders", "messages")
    }
    return {"revenue": earned["attributed_revenue"], "orders": earned["attributed_orders"], "sent": earned["messages"]}


def of_journey(journey: int) -> dict[str, Any]:
    """The same for a journey's report over the API, by days of the shop's zone."""
    return earned_by(f"journey:{journey}", ZoneInfo(shop().timezone))


def of_campaign(campaign: Campaign) -> dict[str, Any]:
    """What the orders after a click in a campaign's messages brought, refunds taken off: its part of attribution."""
    period = Period(campaign.begun_at, None, ZoneInfo(shop().timezone))
    earned = {
        name: next((p.value for p in METRICS[name].measure(period, "sender").series if p.key == campaign.sender), 0)
        for name in ("attributed_revenue", "attributed_orders")
    }
    return {"revenue": to_cents(earned["attributed_revenue"]), "orders": earned["attributed_orders"]}


def named(points: Sequence[Point]) -> dict[str, str]:
    """Each part's name as people know it, by its key: journey:3 by the journey's name."""
    known = senders.names(point.key for point in points)
    return {key: name or _("none") for key, name in known.items()}


def written(value: Value, metric: Metric, currency: str) -> str:
    return money(value, currency) if metric.is_money else count(int(value))


def finding(most: Point, by: str, value: str, names: Mapping[str, str]) -> str:
    """The sentence above a chart: where the most of it is, by the `names` of its parts."""
    if by == "day" and most.key:
        return _("Most on %(day)s: %(value)s") % {"day": moment(date.fromisoformat(most.key)), "value": value}
    return _("Most from %(name)s: %(value)s") % {"name": names.get(most.key) or _("none"), "value": value}


def _figure(
    name: str,
    by: str,
    period: Period,
    measured: Measurement,
    rows: list[dict[str, Any]],
    chart: dict[str, Any],
    names: Mapping[str, str] | None = None,
) -> Figure:
    metric = METRICS[name]
    currency = shop().currency
    most = max(measured.series, key=lambda point: point.value, default=Point("", 0))
    return Figure(
        title=str(metric.label),
        definition=str(metric.definition),
        total=written(measured.total, metric, currency),
        finding=finding(most, by, written(most.value, metric, currency), names or {}),
        chart=None if not most.value else {"data": {"values": rows}, **chart},
        csv=f"/insights/{name}.csv?{urlencode(_address(by, period))}",
    )


def _address(by: str, period: Period) -> dict[str, str]:
    """The period as the API and the CSV take it, zone included: whoever opens it later sees these numbers."""
    assert period.start and period.end
    first = period.start.astimezone(period.zone).date()
    last = (period.end - timedelta(microseconds=1)).astimezone(period.zone).date()
    return {"from": first.isoformat(), "to": last.isoformat(), "by": by, "zone": str(period.zone)}


def _number(value: Value) -> int | float:
    return value if isinstance(value, int) else float(value)
