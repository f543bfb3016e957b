"""Something changes with a product, and who looked at it or put it into a cart lately is told."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.faults import DefinitionError
from karibu.shop import stock

VIEWED, CARTED = "Product Viewed", "Product Added"


@dataclass(frozen=True)
class Change:
    """One product before and after, as the database saw it (goods.py)."""

    product_id: str
    price_before: Decimal | None
    price: Decimal | None
    currency_before: str
    currency: str
    properties_before: dict[str, Any]
    properties: dict[str, Any]


class Goods(msgspec.Struct, forbid_unknown_fields=True):
    """`percent`: how much cheaper at least; `at_most`: how few pieces are few."""

    change: Literal["price_drop", "back_in_stock", "low_stock"]
    did: Literal["viewed", "carted", "either"] = "either"
    within_days: int = 30
    percent: int = 5
    at_most: int = 5

    @property
    def deeds(self) -> list[str]:
        return {"viewed": [VIEWED], "carted": [CARTED], "either": [VIEWED, CARTED]}[self.did]

    def check(self, path: str) -> None:
        if not 1 <= self.within_days <= 365:
            raise DefinitionError(f"{path}.within_days", _("From 1 to 365 days."))
        if not 1 <= self.percent <= 99:
            raise DefinitionError(f"{path}.percent", _("From 1 to 99 percent."))
        if not 1 <= self.at_most <= 10_000:
            raise DefinitionError(f"{path}.at_most", _("From 1 to 10,000 pieces."))

    def means(self, change: Change) -> bool:
        """Whether this is such a change."""
        match self.change:
            case "price_drop":
                return self._is_cheaper(change)
            case "back_in_stock":
                return stock.is_out(change.properties_before) and not stock.is_out(change.properties)
        now, before = stock.pieces(change.properties), stock.pieces(change.properties_before)
        return now is not None and 0 < now <= self.at_most and (before is None or before > self.at_most)

    def _is_cheaper(self, change: Change) -> bool:
        before, now = change.price_before, change.price
        if not before or now is None or change.currency_before != change.currency:
            return False
        return now <= before * (100 - self.percent) / 100

    def sentence(self) -> str:
        did = {
            "viewed": _("looked at a product in the last %(days)s days"),
            "carted": _("put a product into a cart in the last %(days)s days"),
            "either": _("looked at a product or put it into a cart in the last %(days)s days"),
        }[self.did]
        then = {
            "price_drop": _("its price falls by at least %(percent)s %%"),
            "back_in_stock": _("it is in stock again"),
            "low_stock": _("no more than %(pieces)s of it are left"),
        }[self.change]
        words = {"days": self.within_days, "percent": self.percent, "pieces": self.at_most}
        return f"{did % words}, {_('and')} {then % words}"
