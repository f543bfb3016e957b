"""Products that the person may like: messages behind this step show them as {{ products }}."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.messages import recommend
from karibu.segments.faults import DefinitionError

FOUND, NONE = "found", "none"


class Recommend(Step, forbid_unknown_fields=True):
    """Chosen when somebody comes by, around the product that brought them in where one did."""

    KIND: ClassVar[str] = "recommend"
    ICON: ClassVar[str] = "star"

    count: int = 4

    def check(self, path: str) -> None:
        if not 1 <= self.count <= recommend.COUNT:
            raise DefinitionError(f"{path}.count", _("From 1 to %(n)s products.") % {"n": recommend.COUNT})

    def sentence(self) -> str:
        said = ngettext("choose %(n)s product that fits them", "choose %(n)s products that fit them", self.count)
        return said % {"n": self.count}

    def ways(self) -> Sequence[str]:
        return (FOUND, NONE)

    def way_names(self) -> Mapping[str, str]:
        return {FOUND: _("something fits"), NONE: _("nothing fits")}

    def must_branch(self) -> bool:
        return False

    def take(self, group: Group) -> Sequence[Outcome]:
        asked = [recommend.Asked(t.id, t.customer_id, seeds=_seeds(t)) for t in group.travellers]
        fitting = recommend.products_for(asked)
        return [self._outcome(fitting.get(t.id, [])[: self.count]) for t in group.travellers]

    def _outcome(self, products: list[str]) -> Outcome:
        words = f"{len(products)} products" if products else "nothing fits"
        return Outcome(words, way=FOUND if products else NONE, context={"product_ids": products})


def _seeds(traveller: Traveller) -> set[str]:
    return {str(product)} if (product := traveller.context.get("product_id")) else set()
