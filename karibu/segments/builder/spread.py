"""Where people live and what they have spent: two small charts of at most SOME of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.segments import charts
from karibu.web import choices, formats
from karibu.web.queries import shop

SOME = 2_000  # people looked at where there are more
COUNTRIES = 6


@dataclass(frozen=True)
class Spread:
    """Specifications of the charts. `of` is how many people they are drawn from, `is_sample` whether there are more."""

    countries: dict[str, Any]
    worth: dict[str, Any]
    of: int
    is_sample: bool


def spread(some: Sequence[int], count: int) -> Spread | None:
    """Of `some` out of `count` customers; None where there are none."""
    rows = list(Customer.objects.filter(pk__in=some).values_list("country", "spent"))
    if not rows:
        return None
    by_country = charts.bars(_("Country"), _countries([country for country, _spent in rows]))
    by_worth = charts.bars(_("Spent"), _worth([spent for _country, spent in rows]))
    return Spread(by_country, by_worth, len(rows), len(some) < count)


def _countries(codes: Sequence[str]) -> list[tuple[str, int]]:
    counted = Counter(codes)
    unknown = counted.pop("", 0)
    most = counted.most_common(COUNTRIES)
    rest = sum(counted.values()) - sum(number for _code, number in most)
    named = [(choices.country(code), number) for code, number in most]
    return [*named, *([(_("others"), rest)] if rest else []), *([(_("not known"), unknown)] if unknown else [])]


def _worth(spent: Sequence[Decimal]) -> list[tuple[str, int]]:
    """Those who have spent nothing, and the others by steps that fit them."""
    amounts = sorted(float(one) for one in spent if one > 0)
    nothing = len(spent) - len(amounts)
    found = [(_("nothing yet"), nothing)] if nothing else []
    below = 0.0
    for edge in _edges(amounts):
        found.append((_step(below, edge), sum(1 for one in amounts if below < one <= edge)))
        below = edge
    more = sum(1 for one in amounts if one > below)
    return [*found, *([(_("more than %(amount)s") % {"amount": _money(below)}, more)] if more else [])]


def _edges(amounts: Sequence[float]) -> list[float]:
    """Up to three round amounts between which about as many people lie."""
    if not amounts:
        return []
    return sorted({_round(amounts[len(amounts) * part // 4]) for part in (1, 2, 3)})


def _round(amount: float) -> float:
    step = 10 ** (len(str(int(amount))) - 1)
    return float(max(round(amount / step) * step, step))


def _step(low: float, high: float) -> str:
    if not low:
        return _("up to %(amount)s") % {"amount": _money(high)}
    return f"{formats.count(int(low))} – {_money(high)}"


def _money(amount: float) -> str:
    return f"{formats.count(int(amount))} {shop().currency}"
