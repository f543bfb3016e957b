"""What came of messages: `{"message": {"journey": 3, "did": "clicked"}, "within": {"days": 7}, "not": true}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions import window
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.conditions.event import Event, times_said
from karibu.segments.conditions.where import Property
from karibu.segments.conditions.window import Within

# The log has the opens and clicks of people only; those of machines never enter it.

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

EVENTS = {
    "received": "Message Sent",
    "opened": "Message Opened",
    "clicked": "Message Clicked",
    "bounced": "Message Bounced",
}


class Letter(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """Which messages: of one journey, campaign, template or channel, or all."""

    did: Literal["received", "opened", "clicked", "bounced"]
    journey: int | None = None
    campaign: int | None = None
    template: int | None = None
    channel: str | None = None

    def where(self) -> list[Property]:
        """As properties of the event."""
        found: list[tuple[str, Any]] = [
            ("sender", f"journey:{self.journey}" if self.journey is not None else None),
            ("sender", f"campaign:{self.campaign}" if self.campaign is not None else None),
            ("template", self.template),
            ("channel", self.channel),
        ]
        return [Property(of=name, op="is", value=value) for name, value in found if value is not None]


class Message(Condition, frozen=True):
    """At least once, or as often as `op` and `value` say."""

    KIND: ClassVar[str] = "message"

    message: Letter
    op: str = ""
    value: Any = None
    within: Within | None = None
    denied: bool = msgspec.field(name="not", default=False)

    @property
    def as_event(self) -> Event:
        """The condition on the log's events that this is."""
        name, where = EVENTS[self.message.did], self.message.where()
        return Event(name, where, op=self.op, value=self.value, within=self.within, denied=self.denied)

    def check(self, path: str) -> None:
        self.as_event.check(path)

    def said(self, denied: bool, names: Names) -> str:
        did = _denials() if denied != self.denied else _doings()
        often = times_said(self.op, self.value) if self.op else ""
        parts = (did[self.message.did], self._which(names), self.within.said() if self.within else "", often)
        return " ".join(filter(None, parts))

    def _which(self, names: Names) -> str:
        letter = self.message

        def called(kind: str, number: int) -> str:
            return f"“{name}”" if (name := names.get(f"{kind}:{number}")) else str(number)

        said = [
            _("of journey %(n)s") % {"n": called("journey", letter.journey)} if letter.journey is not None else "",
            _("of campaign %(n)s") % {"n": called("campaign", letter.campaign)} if letter.campaign is not None else "",
            _("of template %(n)s") % {"n": called("template", letter.template)} if letter.template is not None else "",
            _("by %(channel)s") % {"channel": letter.channel} if letter.channel else "",
        ]
        return " ".join(filter(None, said))

    def needs(self) -> Needs:
        return Needs(events=frozenset([EVENTS[self.message.did]]), windows=window.moving(self.within))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        return self.as_event.holds(scope, denied)


def _doings() -> dict[str, str]:
    return {
        "received": _("who were sent a message"),
        "opened": _("who opened a message"),
        "clicked": _("who clicked in a message"),
        "bounced": _("whose address refused a message"),
    }


def _denials() -> dict[str, str]:
    return {
        "received": _("who were not sent a message"),
        "opened": _("who did not open a message"),
        "clicked": _("who did not click in a message"),
        "bounced": _("whose address did not refuse a message"),
    }
