"""The `events` metric: from the hourly counts that the pipeline keeps, exact and instant at any size."""

from karibu.insights import event_log
from karibu.insights.metrics import Measurement, Table
from karibu.insights.periods import Period

COUNTED = Table(
    "events_eventcount e",
    "e.hour",
    value="sum(e.count)",
    dimensions={"event": "e.name", "channel": "e.channel", "source": "e.source"},
)


def read(period: Period, by: str) -> Measurement:
    """Hours that do not begin with an hour of UTC (a zone like +05:45) are counted in the log itself."""
    if period.begins_on_the_hour(by):
        return COUNTED(period, by)
    return event_log.count(period, by)
