"""A shop on a clock of its own, for the tests of live segments."""

from datetime import UTC, datetime, timedelta
from typing import Any

from karibu.customers.models import Identity
from karibu.customers.queries import resolve
from karibu.events import log
from karibu.segments import expiry, live, membership, rebuilding, run
from karibu.segments.definition import parse
from karibu.segments.models import Due, Member, Segment
from karibu.segments.watched import watched

START = datetime(2026, 3, 9, 12, tzinfo=UTC)
BOUGHT = {"event": "Order Completed"}


def told(story: "Story", who: str) -> list[tuple[str, datetime]]:
    """(what, when) of a person's entries and exits, oldest first."""
    names = [membership.ENTERED, membership.LEFT]
    told_of = reversed(log.history([story.customer(who)], names=names))
    return [(event.name.removeprefix("Segment "), event.time) for event in told_of]


def nearest() -> datetime | None:
    """When the next customer is due."""
    return Due.objects.order_by("at").values_list("at", flat=True).first()


class Story:
    """What people do, and what the worker makes of it. `now` moves by hand."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.now = START
        self.count = 0

    def does(self, who: str, event: str, **more: Any) -> None:
        """An event of the user `who`, now, or `ago`."""
        ago = more.pop("ago", timedelta())
        self.count += 1
        said = {"messageId": f"m-{self.count}", "userId": who, "event": event, **more}
        said["timestamp"] = (self.now - ago).isoformat()
        assert not self._send(said, received_at=self.now).refusals

    def segment(self, definition: dict[str, Any], name: str = "The segment") -> Segment:
        """A segment whose members have been found."""
        made = Segment.objects.create(
            name=name, definition=parse(definition).raw, created_at=self.now, updated_at=self.now, created_by="test"
        )
        assert rebuilding.rebuild(made.pk, self.now)
        return made

    def waits(self, **span: float) -> None:
        """Time passes; the worker wakes when somebody is due, and at the end."""
        self.looks()
        end = self.now + timedelta(**span)
        while ((at := nearest()) and at <= end) or (expiry.horizon() and expiry.horizon() < end):
            self.now = max(self.now, min(filter(None, (at, expiry.horizon()))))
            self.looks()
        self.now = end
        self.looks()

    def looks(self) -> int:
        """The worker takes its turns until nothing is left to do. Returns how many customers were looked at."""
        for segment in watched(self.now):
            if not segment.is_built:
                rebuilding.rebuild(segment.id, self.now)
        looked = 0
        while found := live.turn(self.now):
            looked += found
        return looked

    def members(self, segment: Segment) -> set[str]:
        """By what they call themselves."""
        rows = set(Member.objects.filter(segment_id=segment.pk).values_list("customer_id", flat=True))
        return {name for name in self.names() if self.customer(name) in rows}

    def names(self) -> list[str]:
        return list(Identity.objects.filter(kind="external").order_by("value").values_list("value", flat=True))

    def customer(self, who: str) -> int:
        found = resolve(Identity.objects.get(kind="external", value=who).customer_id)
        assert found
        return found

    def rebuilt(self, segment: Segment) -> list[int]:
        """Who would be found from nothing now."""
        found = run.members(run.resolve(parse(segment.definition)), now=self.now)
        return found["id"].to_pylist()

    def is_exact(self, segment: Segment) -> bool:
        """Members, size and the log's own account are those of a rebuild."""
        segment.refresh_from_db()
        kept = (
            Member.objects.filter(segment_id=segment.pk).order_by("customer_id").values_list("customer_id", flat=True)
        )
        assert list(kept) == self.rebuilt(segment)
        assert segment.size == len(kept)
        assert membership.as_of(segment.pk, self.now + timedelta(seconds=1))["id"].to_pylist() == list(kept)
        return True
