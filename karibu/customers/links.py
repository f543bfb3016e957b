"""Who used a browser when.

A browser belongs at a time *t* to whoever was last seen signed in on it at or before *t*; what was done on it
before anybody signed in belongs to the first who did. Evidence may arrive in any order: a link keeps the
span [since, until] over which one person was confirmed, and later evidence splits it where it must.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

# `until` is only moved on when it lags by this much: a busy visitor does not rewrite the row with each event.
CONFIRM_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Span:
    """One person's stretch on a browser, confirmed at both ends. `row` is its Link; 0: not stored yet."""

    customer_id: int
    since: datetime
    until: datetime
    row: int = 0


@dataclass
class LinkHistory:
    """The spans of one browser in order of time, not overlapping; neighbours are different people."""

    spans: list[Span] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Whose the time before the first sign-in is; 0 when nobody ever signed in."""
        return self.spans[0].customer_id if self.spans else 0

    def owner_at(self, time: datetime) -> int:
        """Who was signed in last at or before `time`; 0 when nobody yet."""
        if not self.spans:
            return 0
        if self.spans[-1].since <= time:  # nearly always
            return self.spans[-1].customer_id
        before = self._before(time)
        return self.spans[before].customer_id if before >= 0 else 0

    def confirm(self, customer_id: int, time: datetime) -> bool:
        """Takes in that this person was signed in at `time`. True when the spans changed."""
        at = self._before(time)
        if at >= 0 and self.spans[at].customer_id == customer_id:
            return self._extend(at, time)
        if at >= 0 and self.spans[at].since == time:
            return self.confirm(customer_id, time + timedelta(microseconds=1))
        if at >= 0 and time < self.spans[at].until:
            self._split(at)  # somebody else in the middle of a span: it goes on after them
        following = at + 1
        if following < len(self.spans) and self.spans[following].customer_id == customer_id:
            self.spans[following] = replace(self.spans[following], since=time)
            return True
        self.spans.insert(following, Span(customer_id, time, time))
        return True

    def rename(self, find: Callable[[int], int]) -> None:
        """The same history after some customers became others."""
        for at, span in enumerate(self.spans):
            if (owner := find(span.customer_id)) != span.customer_id:
                self.spans[at] = replace(span, customer_id=owner)

    def _before(self, time: datetime) -> int:
        return bisect_right(self.spans, time, key=lambda span: span.since) - 1

    def _extend(self, at: int, time: datetime) -> bool:
        span = self.spans[at]
        if time - span.until < CONFIRM_EVERY:
            return False
        self.spans[at] = replace(span, until=time)
        return True

    def _split(self, at: int) -> None:
        span = self.spans[at]
        self.spans[at] = replace(span, until=span.since)
        if at + 1 == len(self.spans) or span.until < self.spans[at + 1].since:
            self.spans.insert(at + 1, replace(span, since=span.until, row=0))
