"""Times of the day as colleagues write them, and the moments that they mean."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def clock_time(text: str) -> time | None:
    """ "09:00"; None for anything else."""
    try:
        return time.fromisoformat(text) if len(text) == 5 else None
    except ValueError:
        return None


def moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """In UTC. An hour that the clock skips is the same hour by the offset before the change (PEP 495); one that comes
    twice is its first."""
    return datetime.combine(day, wall, zone).astimezone(UTC)
