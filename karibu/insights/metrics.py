"""One definition of each number. The home page, `/api/v1/metrics`, the CSV files and `/metrics` all ask here.

A metric is counted over a Period and, when asked, split `by` one of its dimensions. `day` and `hour` are the
zone's own and come without holes; every other dimension comes largest first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django.db import connection
from django.utils.functional import Promise

from karibu.insights.periods import Period

Value = int | Decimal
CENT = Decimal("0.01")
TIMES = ("day", "hour")
LONGEST_BY_HOUR = timedelta(days=62)


@dataclass(frozen=True)
class Point:
    """One part of a series: `key` is an ISO date, an ISO time with offset, or the dimension's own word ("" = none)."""

    key: str
    value: Value


@dataclass(frozen=True)
class Measurement:
    """A metric over a period. `series` is empty when it was not split."""

    total: Value
    series: list[Point]


class UnknownDimension(ValueError):
    """The metric cannot be split that way; the message lists what it can be split by."""


Reader = Callable[[Period, str], Measurement]


@dataclass(frozen=True)
class Metric:
    """`read(period, by)` measures it; `by` is empty or one of `dimensions`."""

    name: str
    label: str | Promise
    definition: str | Promise
    dimensions: tuple[str, ...]
    read: Reader
    is_money: bool = False

    def measure(self, period: Period, by: str = "") -> Measurement:
        """Raises UnknownDimension."""
        if by and by not in self.dimensions:
            raise UnknownDimension(f"{self.name} can be split by {', '.join(self.dimensions)}; not by {by!r}.")
        if by == "hour" and period.start and period.end and period.end - period.start > LONGEST_BY_HOUR:
            raise UnknownDimension("Hours are given for at most 62 days; split a longer period by day.")
        return self.read(period, by)


METRICS: dict[str, Metric] = {}


def register(metric: Metric) -> Metric:
    """Adds `metric`; a second one of the same name is a mistake of the programmer."""
    if metric.name in METRICS:
        raise ValueError(f"There are two definitions of the metric {metric.name}.")
    METRICS[metric.name] = metric
    return metric


def measure(name: str, period: Period, by: str = "") -> Measurement:
    """Raises KeyError for a metric that does not exist, UnknownDimension for a split it does not have."""
    return METRICS[name].measure(period, by)


@dataclass(frozen=True)
class Table:
    """A metric that one SQL statement answers: `value` summed over the rows of `tables` in the period.

    `time` is the column that the period is about, `dimensions` the SQL expression behind each word.
    """

    tables: str
    time: str
    value: str = "count(*)"
    where: str = "true"
    dimensions: dict[str, str] = field(default_factory=dict)
    is_money: bool = False

    def __call__(self, period: Period, by: str) -> Measurement:
        if not by:
            return Measurement(self._clean(self._rows(period, "''")[0][1]), [])
        rows = self._rows(period, self._key(by), "GROUP BY 1")
        total = self._clean(sum(value or 0 for _, value in rows))  # rounded once, not part by part
        parts = {key: self._clean(value) for key, value in rows}
        return Measurement(total, in_time(parts, period, by) if by in TIMES else by_size(parts))

    def _key(self, by: str) -> str:
        if by == "day":
            return f"({self.time} AT TIME ZONE %(zone)s)::date"
        if by == "hour":
            return f"date_trunc('hour', {self.time}, %(zone)s)"
        return self.dimensions[by]

    def _rows(self, period: Period, key: str, group: str = "") -> list[tuple[Any, Any]]:
        conditions = [self.where]
        conditions += [f"{self.time} >= %(start)s"] if period.start else []
        conditions += [f"{self.time} < %(end)s"] if period.end else []
        query = f"SELECT {key}, {self.value} FROM {self.tables} WHERE {' AND '.join(conditions)} {group}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(query, {"zone": str(period.zone), "start": period.start, "end": period.end})
            return list(cursor.fetchall())

    def _clean(self, value: Any) -> Value:
        return to_cents(value or 0) if self.is_money else int(value or 0)


def to_cents(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(CENT, ROUND_HALF_EVEN)


def in_time(parts: dict[Any, Value], period: Period, by: str) -> list[Point]:
    """`parts` by date or by instant, in order, with a zero where the period has a day or hour and `parts` has not."""
    zero: Value = next((value * 0 for value in parts.values()), 0)
    wanted: list[Any] = list(period.days() if by == "day" else period.hours()) or sorted(parts)
    return [Point(time_key(moment, period), parts.get(moment, zero)) for moment in wanted]


def time_key(moment: date | datetime, period: Period) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).astimezone(period.zone).isoformat()
    return moment.isoformat()


def by_size(parts: dict[Any, Value]) -> list[Point]:
    return [Point(str(key or ""), value) for key, value in sorted(parts.items(), key=lambda p: (-p[1], str(p[0])))]
