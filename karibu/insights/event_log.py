"""Numbers counted in the log itself: where the hourly counts do not fit the zone, and where people are told apart."""

from datetime import UTC
from typing import Any

from karibu.events import log
from karibu.insights.metrics import TIMES, Measurement, by_size, in_time
from karibu.insights.periods import Period

KEYS = {
    "": "''",
    "day": "CAST(timezone($zone, time) AS DATE)",
    "hour": "timezone($zone, date_trunc('hour', timezone($zone, time)))",
    "event": "name",
    "channel": "channel",
    "source": "source",
}


def count(period: Period, by: str) -> Measurement:
    conditions, parameters = limits(period)
    if by in TIMES:
        parameters["zone"] = str(period.zone)
    query = f"SELECT {KEYS[by]} AS key, count(*) AS number FROM events WHERE {conditions} GROUP BY 1"  # noqa: S608
    table = log.query(query, parameters, since=period.start, until=period.end)
    parts = dict(zip(table["key"].to_pylist(), table["number"].to_pylist(), strict=True))
    total = sum(parts.values())
    if not by:
        return Measurement(total, [])
    if by == "hour":
        parts = {hour.astimezone(UTC): number for hour, number in parts.items()}
    return Measurement(total, in_time(parts, period, by) if by in TIMES else by_size(parts))


def limits(period: Period) -> tuple[str, dict[str, Any]]:
    """The period as a condition over the log, and its parameters."""
    edges = {"since": period.start, "until": period.end}
    conditions = [f"time {sign} ${name}" for name, sign in (("since", ">="), ("until", "<")) if edges[name]]
    return " AND ".join(conditions) or "true", {name: edge for name, edge in edges.items() if edge}
