"""Stop writing to the person: a consent is withdrawn on their behalf (the sunset of the sleeping)."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.consents.actions import record_consents
from karibu.consents.statement import EVERYTHING, WITHDRAWN, Statement
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments.faults import DefinitionError


class Unsubscribe(Step, forbid_unknown_fields=True):
    """A journey can only withdraw: to agree is the person's own act."""

    KIND: ClassVar[str] = "unsubscribe"
    ICON: ClassVar[str] = "stop"

    channel: str = "email"
    topic: str = EVERYTHING

    def check(self, path: str) -> None:
        if not 0 < len(self.channel) <= 20:
            raise DefinitionError(f"{path}.channel", _("Name the channel."))
        if not 0 < len(self.topic) <= 40:
            raise DefinitionError(f"{path}.topic", _("Name the topic, or “*” for all."))

    def sentence(self) -> str:
        if self.topic == EVERYTHING:
            return _("stop writing to them on the channel “%(channel)s”") % {"channel": self.channel}
        return _("stop writing to them about %(topic)s (%(channel)s)") % {"channel": self.channel, "topic": self.topic}

    def take(self, group: Group) -> Sequence[Outcome]:
        record_consents(
            [
                Statement(
                    customer_id=traveller.customer_id,
                    channel=self.channel,
                    topic=self.topic,
                    status=str(WITHDRAWN),
                    method="api",
                    source=f"journey {group.journey_id}",
                    at=group.now,
                    evidence=f"enrollment {traveller.id}, step {group.step}",
                )
                for traveller in group.travellers
            ]
        )
        return [Outcome(f"{self.channel} withdrawn")] * len(group.travellers)

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(f"{self.channel} withdrawn")] * len(group.travellers)
