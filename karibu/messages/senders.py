"""Who wants messages sent, in words: `journey:3` by the journey's name. Upper apps say how their kind is called."""

from collections.abc import Callable, Collection, Iterable

from django.utils.translation import gettext_lazy as _

from karibu.web.models import User

TEST = "test"
CONFIRMATION = "confirmation"
COLLEAGUE = "colleague"  # with their number: what they write to one person (personal.py)
# Those of which there is one each.
_SINGLE = {
    TEST: _("A colleague's test"),
    CONFIRMATION: _("Confirming an address"),
    "form": _("Coupon for signing up"),
    "api": _("The API"),
}

Namer = Callable[[Collection[int]], dict[int, str]]
_namers: dict[str, tuple[Namer, str]] = {}


def register(kind: str, namer: Namer, address: str) -> None:
    """`namer(numbers)` names the senders `kind:number`; `address` is where one is found, with {} for its number."""
    _namers[kind] = (namer, address)


def names(senders: Iterable[str]) -> dict[str, str]:
    """Each sender in words, in one query a kind; as it stands where nobody knows better."""
    wanted = set(senders)
    found = {sender: str(_SINGLE.get(sender, sender)) for sender in wanted}
    for kind, (namer, _address) in _namers.items():
        numbers = [number for sender in wanted if (number := _number(sender, kind)) is not None]
        found |= {f"{kind}:{number}": name for number, name in (namer(numbers) if numbers else {}).items()}
    return found


def url(sender: str) -> str:
    """The page of a sender; "" where it has none."""
    for kind, (_namer, address) in _namers.items():
        if (number := _number(sender, kind)) is not None:
            return address.format(number)
    return ""


def _number(sender: str, kind: str) -> int | None:
    found, _, number = sender.partition(":")
    return int(number) if found == kind and number.isdigit() else None


def colleagues(numbers: Collection[int]) -> dict[int, str]:
    """The names of those who wrote."""
    known = User.objects.filter(pk__in=numbers).values_list("pk", "name", "email")
    return {number: name or email for number, name, email in known}
