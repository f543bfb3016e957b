"""What the customers of events are called: this app knows their numbers, and whoever keeps customers names them."""

from collections.abc import Callable, Collection, Iterable

from django.utils.translation import gettext as _

Namer = Callable[[Collection[int]], dict[int, str]]
_namers: list[Namer] = []


def register(namer: Namer) -> None:
    """`namer(customer ids)` names those it can, in one query; who has no name is left out or empty."""
    if namer not in _namers:
        _namers.append(namer)


def names(customer_ids: Iterable[int]) -> dict[int, str]:
    """Each of them in words: by name, or as "Customer 7". Nobody (0) is nobody."""
    wanted = set(customer_ids) - {0}
    found = {number: _("Customer %(id)s") % {"id": number} for number in wanted}
    for namer in _namers if wanted else ():
        found |= {number: name for number, name in namer(wanted).items() if name}
    return found
