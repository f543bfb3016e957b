"""Who is being erased: all numbers they have, everything that names them, and how that may be written."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from karibu.consents.traces import Traces
from karibu.customers.models import Customer, Identity, Link, Trait
from karibu.customers.queries import family as family_of

SAID = ("email", "phone", "email_as_given", "phone_as_given")


@dataclass(frozen=True)
class Person:
    """`family`: the customer and all that were merged into them."""

    family: list[int]
    identifiers: list[str]  # e-mail addresses, phone numbers, external ids, browser ids
    names: list[str] = field(default_factory=list)
    keeps_numbers: bool = False  # what happened stays, without the person: they are made anonymous

    @property
    def traces(self) -> Traces:
        return Traces(tuple(self.identifiers), tuple(self.names))

    def names_them(self, value: str) -> bool:
        """Whether this whole text is one of their identifiers."""
        return value.strip().lower() in {text.lower() for text in self.identifiers}


def known(
    customer_id: int, identifiers: Collection[str] = (), names: Collection[str] = (), *, keeps_numbers: bool = False
) -> Person:
    """What is known of the customer now, and what was known before."""
    family = family_of(customer_id)
    identifying, called = {*identifiers, *_identifiers(family)}, {*names, *_names(family)}
    return Person(family, sorted(identifying), sorted(called), keeps_numbers)


def _identifiers(family: list[int]) -> set[str]:
    """Everything that names this person: what events carry, and what was typed or imported."""
    mine = Identity.objects.filter(customer_id__in=family)
    found = set(
        mine.exclude(kind=Identity.Kind.ANONYMOUS, value__in=shared_browsers(family)).values_list("value", flat=True)
    )
    for email, phone in Customer.objects.filter(pk__in=family).values_list("email", "phone"):
        found |= {email, phone}
    said = Trait.objects.filter(customer_id__in=family, name__in=SAID).values_list("value", flat=True)
    return (found | {value for value in said if isinstance(value, str)}) - {""}


def _names(family: list[int]) -> set[str]:
    found = set(Customer.objects.filter(pk__in=family).values_list("name", flat=True))
    said = Trait.objects.filter(customer_id__in=family, name="name").values_list("value", flat=True)
    return {name for name in (*found, *said) if isinstance(name, str) and len(name.split()) > 1}


def shared_browsers(family: Collection[int]) -> set[str]:
    """Browsers of theirs that somebody else was signed in on too: what happens there is not the person's alone."""
    mine = Link.objects.filter(customer_id__in=family).values("anonymous_id")
    others = Link.objects.filter(anonymous_id__in=mine).exclude(customer_id__in=family)
    return set(others.values_list("anonymous_id", flat=True))


def leave_browsers(family: Collection[int]) -> int:
    """Takes them off the browsers they used; a shared one belongs to whoever else was on it last. Returns the links."""
    shared = shared_browsers(family)
    Link.objects.filter(customer_id__in=family).delete()
    latest = Window(RowNumber(), partition_by=F("anonymous_id"), order_by=F("since").desc())
    last = Link.objects.filter(anonymous_id__in=shared).annotate(place=latest).filter(place=1)
    for name, customer in last.values_list("anonymous_id", "customer_id"):
        browser = Identity.objects.filter(Q(customer_id__in=family), kind=Identity.Kind.ANONYMOUS, value=name)
        browser.update(customer_id=customer)
    return len(shared)
