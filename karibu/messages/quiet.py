"""Quiet hours in a person's zone."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def zone_of(name: str, fallback: str) -> ZoneInfo:
    """The person's zone; where it is unknown or no zone at all the shop's, and UTC after that."""
    for candidate in (name, fallback):
        try:
            return ZoneInfo(candidate)
        except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError only for some spellings
            continue
        except KeyError:
            continue
    return ZoneInfo("UTC")


def ends(now: datetime, zone: ZoneInfo, start: time, end: time) -> datetime | None:
    """When the quiet hours that `now` lies in are over (UTC), or None outside of them. They may span midnight.

    The end is a wall-clock time: on the night of a clock change it is still that time on the wall.
    """
    local = now.astimezone(zone)
    wall = local.time()
    if start == end or not (start <= wall < end if start < end else wall >= start or wall < end):
        return None
    day = local.date() + timedelta(days=1 if wall >= end else 0)
    over = datetime.combine(day, end, zone).astimezone(UTC)
    # A time that the clock skips, or the second pass of an hour it repeats, must not lie in the past.
    return over if over > now else now + timedelta(minutes=15)
