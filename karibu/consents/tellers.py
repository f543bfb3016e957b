"""What the apps below this one hold about a person. The apps above tell their own (access.register)."""

from collections.abc import Iterator
from typing import Any

import msgspec
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from karibu.collect.models import RejectedEvent
from karibu.consents.access import Part
from karibu.consents.models import Confirmation, Consent, Pause, Rhythm, Suppression
from karibu.consents.person import Person
from karibu.customers.models import Activity, Customer, Identity, Link, Merge, Trait
from karibu.events import log
from karibu.shop.models import Cart, Coupon, Order, OrderLine, Refund
from karibu.web.models import AuditEntry

PAGE = 2000  # events read at a time


def from_customers(person: Person) -> Iterator[Part]:
    mine = {"customer_id__in": person.family}
    yield Part("person", _("Who you are"), rows(Customer.objects.filter(pk__in=person.family).defer("search")))
    yield Part("identifiers", _("What you are known by"), rows(Identity.objects.filter(**mine)))
    yield Part("traits", _("What was said about you, and by whom"), rows(Trait.objects.filter(**mine)))
    yield Part("browsers", _("Browsers you were signed in on"), rows(Link.objects.filter(**mine)))
    yield Part("visits", _("When you were here"), rows(Activity.objects.filter(**mine)))
    joined = Merge.objects.filter(Q(winner__in=person.family) | Q(loser__in=person.family)).defer("kept")
    yield Part("merges", _("Which records were found to be yours"), rows(joined))


def from_consents(person: Person) -> Iterator[Part]:
    yield Part("consents", _("What you agreed to"), rows(Consent.objects.filter(customer_id__in=person.family)))
    asked = Confirmation.objects.filter(customer_id__in=person.family)
    yield Part("confirmations", _("What you were asked to confirm"), rows(asked))
    yield Part("pauses", _("When you wanted silence"), rows(Pause.objects.filter(customer_id__in=person.family)))
    yield Part("rhythms", _("How often you wanted to hear"), rows(Rhythm.objects.filter(customer_id__in=person.family)))
    addresses = Suppression.objects.filter(value__in=[text.lower() for text in person.identifiers], lifted_at=None)
    yield Part("blocked", _("Addresses that are not written to"), rows(addresses))


def from_shop(person: Person) -> Iterator[Part]:
    orders = Order.objects.filter(customer_id__in=person.family)
    yield Part("orders", _("Your orders"), rows(orders))
    yield Part("order-lines", _("What you ordered"), rows(OrderLine.objects.filter(order__in=orders)))
    yield Part("refunds", _("What was paid back"), rows(Refund.objects.filter(order__in=orders)))
    yield Part("coupons", _("Codes you were given"), rows(Coupon.objects.filter(customer_id__in=person.family)))
    yield Part("carts", _("Your carts"), rows(Cart.objects.filter(customer_id__in=person.family)))


def from_log(person: Person) -> Iterator[Part]:
    yield Part("events", _("What you did"), _events(person.family))


def from_collection(person: Person) -> Iterator[Part]:
    pattern = person.traces.ids
    found = RejectedEvent.objects.filter(body__iregex=pattern) if pattern else RejectedEvent.objects.none()
    yield Part("rejected-events", _("What could not be understood"), rows(found))


def from_audit(person: Person) -> Iterator[Part]:
    """What colleagues did; who they are is theirs."""
    subjects = Q(subject__in=[f"customer {number}" for number in person.family])
    if pattern := person.traces.ids:
        subjects |= Q(text__iregex=pattern)
    entries = AuditEntry.objects.annotate(text=Cast("detail", TextField())).filter(subjects).order_by("pk")
    yield Part("deeds", _("What we did with it"), map(dict, entries.values("at", "verb", "subject").iterator()))


def rows(found: "QuerySet[Any]") -> Iterator[dict[str, Any]]:
    """The rows of a table as plain data, oldest first."""
    for row in found.order_by("pk").iterator(500):
        deferred = row.get_deferred_fields()
        fields = (one for one in row._meta.concrete_fields if one.attname not in deferred)
        yield {one.attname: getattr(row, one.attname) for one in fields}


def _events(family: list[int]) -> Iterator[dict[str, Any]]:
    """All of them, newest first."""
    last: log.Place | None = None
    while page := log.page(log.Wanted(customers=family), PAGE, last):
        yield from (msgspec.structs.asdict(event) for event in page)
        last = (page[-1].time, page[-1].message_id)


TELLERS = (from_customers, from_consents, from_shop, from_log, from_collection, from_audit)
