"""Send a message. It becomes a row here; the gate decides at send time whether it leaves.

With ways ("sent", "failed") the person stands here until that is known, and goes on by the one or the other. Whom
chance keeps from it (a share of this step's own, or the rules' holdout) goes on like those to whom it was sent.

What the gate holds (the caps, quiet hours, an outage) waits until it lets it pass, `late_days` at the latest: then what
it says is taken to be no longer true.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys import draw
from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.messages.actions import Intent, intend
from karibu.messages.channels import KINDS
from karibu.messages.models import Message
from karibu.messages.rules import name_of
from karibu.messages.status import OVER, Reason, Status
from karibu.segments.faults import DefinitionError

LEFT, FAILED = "sent", "failed"
SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=10)  # between two looks at what became of a message
MOST_DAYS = 365
LATE_DAYS = 8  # a day more than a cap that counts by the week holds one


class Send(Step, forbid_unknown_fields=True):
    KIND: ClassVar[str] = "send"
    ICON: ClassVar[str] = "messages"

    template: str
    channel: str = "email"
    holdout: int = 0  # percent of those who come here: it skips them, and the others are compared with them
    late_days: int = LATE_DAYS  # whoever cannot be written to so soon after their moment is not written to at all

    def check(self, path: str) -> None:
        if not self.template:
            raise DefinitionError(f"{path}.template", _("Name the message template to send."))
        if self.channel not in KINDS:
            raise DefinitionError(f"{path}.channel", _("Channels are: %(all)s.") % {"all": ", ".join(KINDS)})
        draw.check(self.holdout, f"{path}.holdout")
        if not 1 <= self.late_days <= MOST_DAYS:
            raise DefinitionError(f"{path}.late_days", _("Expected a whole number from 1 to %(n)s.") % {"n": MOST_DAYS})

    def sentence(self) -> str:
        words = {"template": self.template.replace("-", " "), "channel": name_of(self.channel)}
        by_mail, otherwise = _("send “%(template)s” by e-mail"), _("send “%(template)s” by %(channel)s")
        said = (by_mail if self.channel == "email" else otherwise) % words
        if self.late_days != LATE_DAYS:
            late = ngettext(
                "%(send)s, at the latest %(n)s day later", "%(send)s, at the latest %(n)s days later", self.late_days
            )
            said = late % {"send": said, "n": self.late_days}
        return _("%(send)s, but skip %(n)s %% by chance") % {"send": said, "n": self.holdout} if self.holdout else said

    def ways(self) -> Sequence[str]:
        return (LEFT, FAILED)

    def way_names(self) -> Mapping[str, str]:
        return {LEFT: _("it left"), FAILED: _("it could not be sent")}

    def must_branch(self) -> bool:
        return False

    def take(self, group: Group) -> Sequence[Outcome]:
        numbers = intend([self._intent(group, traveller) for traveller in group.travellers])
        if not group.branches:
            return [Outcome(f"message {number}") for number in numbers]
        fates = Message.objects.filter(pk__in=numbers).values_list("pk", "status", "reason")
        known = {number: (status, reason) for number, status, reason in fates}
        pairs = zip(group.travellers, numbers, strict=True)
        return [self._outcome(group, traveller, number, *known[number]) for traveller, number in pairs]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """Nobody stands here: whether it can leave is said at once, as far as that is known of the past."""
        assert group.past
        passes = group.past.lets_pass([self._intent(group, traveller) for traveller in group.travellers])
        left, failed = (Outcome(way, way=way if group.branches else "") for way in (LEFT, FAILED))
        return [left if passed else failed for passed in passes]

    @staticmethod
    def _outcome(group: Group, traveller: Traveller, number: int, status: str, reason: str) -> Outcome:
        if status not in OVER:
            stood = group.now - traveller.arrived_at
            return Outcome("", again=group.now + min(max(stood / 4, SOONEST), LATEST))
        went = status == Status.SENT or reason == Reason.HOLDOUT
        return Outcome(f"message {number}", way=LEFT if went else FAILED)

    def _intent(self, group: Group, traveller: Traveller) -> Intent:
        return Intent(
            key=key_of(group, traveller, group.step),
            customer_id=traveller.customer_id,
            template_key=self.template,
            channel=self.channel,
            context=traveller.context,
            sender=f"journey:{group.journey_id}",
            step=str(group.step),
            enrollment_id=traveller.id,
            due_at=(moment := group.moment(traveller)),
            expires_at=moment + timedelta(days=self.late_days),
            is_holdout=self.holdout > 0
            and draw.is_skipped(traveller.customer_id, self.holdout, group.journey_id, group.step),
        )


def key_of(group: Group, traveller: Traveller, step: int) -> str:
    """What the message of this step is for this run, for ever."""
    return f"journey:{group.journey_id}:enrollment:{traveller.id}:run:{traveller.run}:step:{step}"
