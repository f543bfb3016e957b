"""What a customer agreed to: `{"consent": {"channel": "email", "topic": "offers", "status": "given"}}`."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import negated

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

GIVEN, WITHDRAWN = "given", "withdrawn"
_OTHER = {GIVEN: WITHDRAWN, WITHDRAWN: GIVEN}


class Statement(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    channel: str
    topic: str = "offers"
    status: Literal["given", "withdrawn", "never"] = "given"

    def written(self, status: str, topic: str) -> str:
        """As an element of the mirror's column `consents`."""
        return f"{self.channel}/{topic}/{status}"


class Consent(Condition, frozen=True):
    """The statement in force. Whoever never said anything has neither given nor withdrawn: that is "never", and so is
    a consent that nobody has confirmed yet."""

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
            ("never", False): _("who never said anything of %(topic)s by %(channel)s"),
            ("never", True): _("who said something of %(topic)s by %(channel)s"),
        }
        return words[self.consent.status, denied] % {"topic": self.consent.topic, "channel": self.consent.channel}

    def needs(self) -> Needs:
        return Needs(columns=frozenset(["consents"]))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        """What was said of this topic; where nothing was, what was said of all of the channel."""
        consents, one = scope.customers.consents, self.consent
        if one.status == "never":
            forms = [one.written(status, topic) for status in (GIVEN, WITHDRAWN) for topic in (one.topic, "*")]
            found = reduce(or_, [consents.contains(form) for form in forms])
            return found if denied else negated(found)
        other = one.written(_OTHER[one.status], one.topic)
        found = consents.contains(one.written(one.status, one.topic))
        found |= consents.contains(one.written(one.status, "*")) & ~consents.contains(other)
        return negated(found) if denied else found
