"""Hand the person over to another journey, and go on here."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys import queries
from karibu.journeys.steps.base import Group, Outcome, Step, Traveller

HOPS, FARTHEST = "_hops", 10  # how often somebody was handed on from one journey to the next, and may be


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

        going = [t for t in group.travellers if t.context.get(HOPS, 0) < FARTHEST]
        people = {t.customer_id: {**t.context, HOPS: t.context.get(HOPS, 0) + 1} for t in going}
        entered = doors.put_in(self.journey, people, group.now)
        return [Outcome(self._words(traveller, people, entered)) for traveller in group.travellers]

    @staticmethod
    def _words(traveller: Traveller, people: Collection[int], entered: Collection[int]) -> str:
        if traveller.customer_id not in people:
            return "handed on too often"
        return "handed over" if traveller.customer_id in entered else "the other journey did not take them"

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """Whether the other would take them is that one's own rehearsal."""
        return [Outcome("handed over")] * len(group.travellers)
