"""When an event happened, from what a device's clock says.

Devices' clocks are wrong, so a request also says when it was sent (`sentAt`) by the same clock: the difference to
when it was received is the clock's error (plus the way here), and is added to each event's own time.
"""

from datetime import UTC, datetime, timedelta

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # how far in the future an imported event may lie (zones, clocks) before it is refused

Stamp = str | int | float | None  # as sent


def moment(stamp: Stamp | datetime) -> datetime | None:
    """The time that `stamp` names: ISO 8601 (naive = UTC) or Unix seconds, ms or µs. Raises ValueError."""
    if isinstance(stamp, datetime):
        return _in_utc(stamp)
    if stamp is None or stamp == "":
        return None
    if isinstance(stamp, str) and (stamp[4:5] == "-" or len(stamp) < 9 or not stamp.isdigit()):
        return _utc(stamp.strip())
    number = float(stamp)
    scale = 1e6 if abs(number) > 1e14 else 1e3 if abs(number) > 1e11 else 1
    try:
        return datetime.fromtimestamp(number / scale, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{stamp!r:.40} is not a time") from error


def _utc(text: str) -> datetime:
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"{text!r:.40} is not a time; write it as 2026-01-31T12:00:00Z") from error


def _in_utc(read: datetime) -> datetime:
    if read.tzinfo is UTC:
        return read
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{read} is not a time that there is in UTC") from error


def skew(sent_at: Stamp, received_at: datetime) -> timedelta:
    """What to add to the sender's times; nothing where it did not say, or did not say readably."""
    try:
        sent = moment(sent_at)
    except ValueError:
        return timedelta()
    return received_at - sent if sent else timedelta()


def happened_at(
    stamp: Stamp | datetime, received_at: datetime, skew: timedelta, *, historical: bool = False
) -> datetime:
    """The event's time, never after `received_at`. Raises ValueError for what cannot be one.

    A live event that says it is from before 1990 comes from a clock that was never set: it counts as just received.
    An imported one is refused, because there nothing better is known; so is one from the future.
    """
    said = stamp if isinstance(stamp, datetime) and stamp.tzinfo is UTC else moment(stamp)
    if said is None:
        return received_at
    try:
        said += skew
    except OverflowError:
        said = EARLIEST - AHEAD
    if historical and (said < EARLIEST or said > received_at + AHEAD):
        raise ValueError(f"{said:%Y-%m-%d} is {'before 1990' if said < EARLIEST else 'in the future'}")
    return received_at if said < EARLIEST else min(said, received_at)
