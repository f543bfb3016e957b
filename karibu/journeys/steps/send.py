"""Send a message. It becomes a row here; the gate decides at send time whether it leaves."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.messages.actions import Intent, intend
from karibu.segments.faults import DefinitionError

CHANNELS = ("email",)
EXPIRES_AFTER = timedelta(days=2)  # held so long (quiet hours, a dead relay), what it says is no longer true


class Send(Step, forbid_unknown_fields=True):
    KIND: ClassVar[str] = "send"
    ICON: ClassVar[str] = "messages"

    template: str
    channel: str = "email"

    def check(self, path: str) -> None:
        if not self.template:
            raise DefinitionError(f"{path}.template", _("Name the message template to send."))
        if self.channel not in CHANNELS:
            raise DefinitionError(f"{path}.channel", _("Channels are: %(all)s.") % {"all": ", ".join(CHANNELS)})

    def sentence(self) -> str:
        return _("send “%(template)s” by e-mail") % {"template": self.template.replace("-", " ")}

    def take(self, group: Group) -> Sequence[Outcome]:
        numbers = intend([self._intent(group, traveller) for traveller in group.travellers])
        return [Outcome(f"message {number}") for number in numbers]

    def _intent(self, group: Group, traveller: Traveller) -> Intent:
        run = f"enrollment:{traveller.id}:run:{traveller.run}"
        return Intent(
            key=f"journey:{group.journey_id}:{run}:step:{group.step}",
            customer_id=traveller.customer_id,
            template_key=self.template,
            channel=self.channel,
            context=traveller.context,
            sender=f"journey:{group.journey_id}",
            step=str(group.step),
            enrollment_id=traveller.id,
            due_at=group.now,
            expires_at=group.now + EXPIRES_AFTER,
        )
