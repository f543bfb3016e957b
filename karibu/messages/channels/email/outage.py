"""A mail server that is away: remembered by this process, so that not every message finds out for itself.

An outage is no fault of any message and counts as no attempt. The pauses grow; one success ends it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from karibu.messages.channels.email.smtp import Server

FIRST, LONGEST = timedelta(minutes=1), timedelta(minutes=10)


@dataclass(frozen=True)
class Outage:
    server: Server | None  # None: the setting itself cannot be read
    words: str
    until: datetime
    pause: timedelta


_latest: Outage | None = None


def begin(server: Server | None, words: str) -> Outage:
    """The server was found away, for the first time or again."""
    global _latest
    again = _latest is not None and _latest.server == server
    pause = min(_latest.pause * 2, LONGEST) if _latest and again else FIRST
    _latest = Outage(server, words, timezone.now() + pause, pause)
    return _latest


def end() -> None:
    global _latest
    _latest = None


def of(server: Server | None) -> Outage | None:
    """The outage of this server that is not over yet."""
    known = _latest
    return known if known and known.server == server and known.until > timezone.now() else None
