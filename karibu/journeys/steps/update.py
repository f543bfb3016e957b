"""Write down a trait of the person: what a journey has found out about them."""

from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.customers import traits
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.customers.strength import Strength
from karibu.customers.traits import COLUMNS, Said
from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments.faults import DefinitionError


class Update(Step, forbid_unknown_fields=True):
    """The word weighs as much as the shop's: what somebody typed in or said at a checkout stands against it."""

    KIND: ClassVar[str] = "update"
    ICON: ClassVar[str] = "edit"

    trait: str
    value: str | int | float | bool

    def check(self, path: str) -> None:
        if not self.trait.strip() or len(self.trait) > 200:
            raise DefinitionError(f"{path}.trait", _("Name the trait."))
        if self.trait in COLUMNS:
            sentence = _("A journey does not change a name, an address, a language or a zone.")
            raise DefinitionError(f"{path}.trait", sentence)
        if isinstance(self.value, str) and len(self.value) > 1000:
            raise DefinitionError(f"{path}.value", _("At most 1,000 letters."))

    def sentence(self) -> str:
        words = {"trait": self.trait.replace("_", " "), "value": self.value}
        return _("note that their %(trait)s is %(value)s") % words

    def take(self, group: Group) -> Sequence[Outcome]:
        ids = sorted({traveller.customer_id for traveller in group.travellers})
        there = Customer.objects.filter(pk__in=ids, erased_at=None).order_by("pk").select_for_update()
        source = f"journey {group.journey_id}"
        words = [
            Said(number, self.trait, self.value, source, Strength.SHOP, group.now)
            for number in there.values_list("pk", flat=True)
        ]
        traits.record(cursor(), words)
        return [Outcome(f"{self.trait} noted")] * len(group.travellers)

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        return [Outcome(f"{self.trait} noted")] * len(group.travellers)
