"""Ask for a consent, or note one: only of people who never said anything about it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from django.utils.translation import gettext as _

from karibu.consents import confirming
from karibu.consents.actions import record_consents
from karibu.consents.methods import Basis, Method
from karibu.consents.queries import in_force
from karibu.consents.statement import GIVEN, OFFERS, Statement
from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.segments.faults import DefinitionError

DONE, NOT = "done", "not"


class Consent(Step, forbid_unknown_fields=True):
    """`ask` sends the question of double opt-in; `note` writes down what the law permits without one (who bought may
    hear of what is like it). What a person has withdrawn is neither asked for nor raised, nor is what they gave."""

    KIND: ClassVar[str] = "consent"
    ICON: ClassVar[str] = "check"

    how: Literal["ask", "note"] = "ask"
    channel: str = "email"
    topic: str = OFFERS
    wording: str = ""

    def check(self, path: str) -> None:
        if not 0 < len(self.channel) <= 20:
            raise DefinitionError(f"{path}.channel", _("Name the channel."))
        if self.how == "ask" and self.channel not in confirming.VOUCHED:
            raise DefinitionError(f"{path}.channel", _("Only what an e-mail address can vouch for is asked by mail."))
        if not 0 < len(self.topic) <= 40 or self.topic == "*":
            raise DefinitionError(f"{path}.topic", _("Name the topic."))
        if not self.wording.strip() or len(self.wording) > 500:
            raise DefinitionError(f"{path}.wording", _("Write what they agree to, or why no asking is needed."))

    def sentence(self) -> str:
        words = {"channel": self.channel, "topic": self.topic}
        if self.how == "ask":
            return _("ask whether they agree to %(topic)s (%(channel)s), unless they have said") % words
        return _("note that %(topic)s may be sent to them (%(channel)s), unless they have said") % words

    def ways(self) -> Sequence[str]:
        return (DONE, NOT)

    def way_names(self) -> Mapping[str, str]:
        return {DONE: _("asked") if self.how == "ask" else _("noted"), NOT: _("they had said, or cannot be asked")}

    def must_branch(self) -> bool:
        return False

    def take(self, group: Group) -> Sequence[Outcome]:
        said = in_force([t.customer_id for t in group.travellers], self.channel, self.topic)
        silent = [t for t in group.travellers if t.customer_id not in said]
        done = self._ask(group, silent) if self.how == "ask" else self._note(group, silent)
        return [Outcome(way, way=way) for way in (DONE if t.customer_id in done else NOT for t in group.travellers)]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """Who has said nothing until today."""
        said = in_force([t.customer_id for t in group.travellers], self.channel, self.topic)
        return [Outcome(way, way=way) for way in (NOT if t.customer_id in said else DONE for t in group.travellers)]

    def _ask(self, group: Group, silent: Sequence[Traveller]) -> set[int]:
        asked = [
            confirming.Asked(
                customer_id=customer,
                consents=((self.channel, self.topic),),
                source=f"journey {group.journey_id}",
                wording=self.wording,
                evidence=f"step {group.step}",
            )
            for customer in sorted({t.customer_id for t in silent})
        ]
        return {one.customer_id for one in confirming.ask(asked, group.now)}

    def _note(self, group: Group, silent: Sequence[Traveller]) -> set[int]:
        record_consents([self._statement(group, traveller) for traveller in silent])
        return {t.customer_id for t in silent}

    def _statement(self, group: Group, traveller: Traveller) -> Statement:
        return Statement(
            customer_id=traveller.customer_id,
            channel=self.channel,
            topic=self.topic,
            status=str(GIVEN),
            method=Method.API,
            basis=Basis.LEGITIMATE_INTERESTS,
            wording=self.wording,
            source=f"journey {group.journey_id}",
            at=group.now,
            evidence=f"enrollment {traveller.id}, step {group.step}",
        )
