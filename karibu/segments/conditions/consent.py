"""What a customer agreed to: `{"consent": {"channel": "email", "topic": "offers", "status": "given"}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import negated

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

_OTHER = {"given": "withdrawn", "withdrawn": "given"}


class Statement(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    channel: str
    topic: str = "offers"
    status: Literal["given", "withdrawn"] = "given"

    @property
    def written(self) -> str:
        """As an element of the mirror's column `consents`."""
        return f"{self.channel}/{self.topic}/{self.status}"


class Consent(Condition, frozen=True):
    """The statement in force. Whoever never said anything has neither given nor withdrawn."""

    KIND: ClassVar[str] = "consent"

    consent: Statement

    def check(self, path: str) -> None:
        for name in ("channel", "topic"):
            text = getattr(self.consent, name)
            if not text.strip() or "/" in text:
                raise DefinitionError(f"{path}.consent.{name}", _("Expected a name."))

    def said(self, denied: bool, names: Names) -> str:
        words = {
            ("given", False): _("who agreed to %(topic)s by %(channel)s"),
            ("given", True): _("who did not agree to %(topic)s by %(channel)s"),
            ("withdrawn", False): _("who withdrew %(topic)s by %(channel)s"),
            ("withdrawn", True): _("who did not withdraw %(topic)s by %(channel)s"),
        }
        return words[self.consent.status, denied] % {"topic": self.consent.topic, "channel": self.consent.channel}

    def needs(self) -> Needs:
        return Needs(columns=frozenset(["consents"]))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        """What was said of this topic; where nothing was, what was said of all of the channel."""
        said, all_said = self.consent.written, f"{self.consent.channel}/*/{self.consent.status}"
        other = f"{self.consent.channel}/{self.consent.topic}/{_OTHER[self.consent.status]}"
        consents = scope.customers.consents
        found = consents.contains(said) | (consents.contains(all_said) & ~consents.contains(other))
        return negated(found) if denied else found
