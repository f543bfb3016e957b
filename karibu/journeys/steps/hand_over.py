"""Hand the person over to another journey, and go on here."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys import queries
from karibu.journeys.steps.base import Group, Outcome, Step


class HandOver(Step, forbid_unknown_fields=True):
    """The other journey must be one that takes people in by hand; its own rules say whether it takes them (again)."""

    KIND: ClassVar[str] = "hand_over"
    ICON: ClassVar[str] = "right"

    journey: int

    def sentence(self) -> str:
        name = queries.names([self.journey]).get(self.journey, f"#{self.journey}")
        return _("put them into the journey “%(name)s”") % {"name": name}

    def take(self, group: Group) -> Sequence[Outcome]:
        from karibu.journeys import doors  # which reads the definitions that name this step

        people = {traveller.customer_id: traveller.context for traveller in group.travellers}
        entered = doors.put_in(self.journey, people, group.now)
        return [
            Outcome("handed over" if traveller.customer_id in entered else "the other journey did not take them")
            for traveller in group.travellers
        ]
