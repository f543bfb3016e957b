"""Two ways by what became of a message that this run has sent: it left, was opened, was clicked."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.journeys.steps.branch import NO, YES
from karibu.journeys.steps.send import Send, key_of
from karibu.messages.models import Message

_FIELDS = {"sent": "sent_at", "delivered": "delivered_at", "opened": "opened_at", "clicked": "clicked_at"}


class Reaction(Step, forbid_unknown_fields=True):
    """`template` says which message; none: any of this run. Only what people do counts as opened and clicked."""

    KIND: ClassVar[str] = "reaction"
    ICON: ClassVar[str] = "branch"

    did: Literal["sent", "delivered", "opened", "clicked", "bounced"] = "clicked"
    template: str = ""

    def sentence(self) -> str:
        did = {
            "sent": _("left"),
            "delivered": _("arrived"),
            "opened": _("was opened"),
            "clicked": _("was clicked"),
            "bounced": _("came back"),
        }[self.did]
        if not self.template:
            return _("look whether a message of this journey %(did)s") % {"did": did}
        return _("look whether “%(template)s” %(did)s") % {"template": self.template.replace("-", " "), "did": did}

    def ways(self) -> Sequence[str]:
        return (YES, NO)

    def way_names(self) -> Mapping[str, str]:
        return {YES: _("yes"), NO: _("no")}

    def take(self, group: Group) -> Sequence[Outcome]:
        positions = self._positions(group)
        keys = {t.id: [key_of(group, t, position) for position in positions] for t in group.travellers}
        field = _FIELDS.get(self.did, "bounced_at")
        wanted = [key for several in keys.values() for key in several]
        did = set(Message.objects.filter(key__in=wanted).exclude(**{field: None}).values_list("key", flat=True))
        found = (YES if did.intersection(keys[t.id]) else NO for t in group.travellers)
        return [Outcome(way, way=way) for way in found]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """Nobody was sent anything, so nobody did."""
        return [Outcome(NO, way=NO)] * len(group.travellers)

    def _positions(self, group: Group) -> list[int]:
        """Of the steps that send it."""
        from karibu.journeys import live  # which reads the definitions that name this step

        steps = enumerate(live.definition(group.journey_id, group.version).steps)
        return [n for n, step in steps if isinstance(step, Send) and self.template in ("", step.template)]
