"""The first row of the home page: six numbers of today, each with yesterday's and the shape of two weeks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from karibu.insights.metrics import METRICS, Value, measure
from karibu.insights.periods import last_days
from karibu.web.formats import count, money
from karibu.web.queries import shop

DAYS = 14
KEPT = 60.0  # seconds for which the past days are not asked again; today's numbers always are


@dataclass(frozen=True)
class Shown:
    """A metric as a tile. `now` is measured instead of today's value where the tile is about this moment."""

    metric: str
    label: str | Promise
    url: str
    now: str = ""


@dataclass(frozen=True)
class Tile:
    """`values` are the last DAYS days, today last; the texts are written as people of this language write them."""

    metric: str
    label: str
    url: str
    value: str
    today: str  # where `value` is about this moment, what today has seen so far
    yesterday: str
    values: list[float]


TILES = [
    Shown("visitors", _("Visitors now"), "/customers/", now="visitors_now"),
    Shown("carts", _("Carts open"), "/carts/"),
    Shown("orders", _("Orders"), "/orders/"),
    Shown("revenue", _("Revenue"), "/insights/"),
    Shown("attributed_revenue", _("Recovered"), "/insights/"),
    Shown("messages", _("Messages out"), "/messages/"),
]
_past: dict[tuple[str, str, date], tuple[float, list[Value]]] = {}


def tiles(zone: ZoneInfo, now: datetime | None = None) -> list[Tile]:
    """Today's row as one sees it from `zone`."""
    now = now or datetime.now(UTC)
    currency = shop().currency
    return [_tile(shown, zone, now, currency) for shown in TILES]


def _tile(shown: Shown, zone: ZoneInfo, now: datetime, currency: str) -> Tile:
    write = _writer(shown.metric, currency)
    today = last_days(1, zone, now)
    value = measure(shown.metric, today, "day").series[0].value
    past = _past_days(shown.metric, zone, now)
    return Tile(
        metric=shown.metric,
        label=str(shown.label),
        url=shown.url,
        value=write(measure(shown.now, today).total) if shown.now else write(value),
        today=write(value) if shown.now else "",
        yesterday=write(past[-1]),
        values=[float(number) for number in [*past, value]],
    )


def _writer(metric: str, currency: str) -> Callable[[Value], str]:
    if METRICS[metric].is_money:
        return lambda value: money(Decimal(value), currency)
    return lambda value: count(int(value))


def _past_days(metric: str, zone: ZoneInfo, now: datetime) -> list[Value]:
    """The DAYS - 1 days before today, asked at most once a minute in this process."""
    key = (metric, str(zone), now.astimezone(zone).date())
    kept = _past.get(key)
    if kept is None or time.monotonic() - kept[0] > KEPT:
        series = measure(metric, last_days(DAYS, zone, now), "day").series[:-1]
        if len(_past) > 500:
            _past.clear()
        kept = _past[key] = (time.monotonic(), [point.value for point in series])
    return kept[1]


def forget() -> None:
    """Past days are asked again (tests)."""
    _past.clear()
