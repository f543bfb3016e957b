"""What a colleague does to customers: makes one, corrects one, says who is and who is not the same person."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.customers import addresses, merging, queries, search, traits
from karibu.customers.models import Activity, Customer, Identity, Suggestion
from karibu.customers.raw import cursor
from karibu.customers.strength import Strength
from karibu.customers.traits import Said
from karibu.web.actions import record

HAND = "by hand"


class AddressTaken(ValueError):
    """Somebody else has this e-mail address or phone number. `field` names which, `customer_id` whose it is."""

    def __init__(self, field: str, customer_id: int) -> None:
        super().__init__(_("This belongs to another customer already: open them, or merge the two."))
        self.field, self.customer_id = field, customer_id


class AddressErased(ValueError):
    """Whoever this address belongs to was erased, and comes back through no door. `field` names which."""

    def __init__(self, field: str) -> None:
        super().__init__(_("This belongs to somebody who was erased: they cannot be added again."))
        self.field = field


class Gone(LookupError):
    """The customer was erased, or became part of another, meanwhile."""


Erased = Callable[[Collection[str]], set[str]]
_doors: list[Erased] = []


def ask_before_adding(erased: Erased) -> None:
    """`erased(identifiers)` returns those of them that nobody may be added with."""
    if erased not in _doors:
        _doors.append(erased)


def create_customer(known: dict[str, Any], *, by: str) -> Customer:
    """A customer known from elsewhere (a call, a visit). `known` are traits. Raises AddressTaken, AddressErased."""
    now = timezone.now()
    with transaction.atomic():
        customer = Customer.objects.create(created_at=now, first_source=HAND, is_anonymous=False)
        Activity.objects.create(customer=customer, first_seen=now, last_seen=now)
        _say(customer.pk, {name: value for name, value in known.items() if value}, by, now)
        record(by, "created customer", f"customer {customer.pk}")
    customer.refresh_from_db()
    return customer


def edit_customer(customer: Customer, changes: dict[str, Any], *, by: str) -> None:
    """A colleague's word, which no source but another colleague's replaces.

    Raises AddressTaken, AddressErased, Gone.
    """
    if not changes:
        return
    with transaction.atomic():
        if not queries.listed().select_for_update().filter(pk=customer.pk).exists():
            raise Gone
        _say(customer.pk, changes, by, timezone.now())
        record(by, "edited customer", f"customer {customer.pk}", fields=sorted(changes))
    customer.refresh_from_db()


def _say(customer_id: int, changes: dict[str, Any], by: str, now: datetime) -> None:
    _claim_addresses(customer_id, changes, by, now)
    raw = cursor()
    # An emptied field stays empty: "" is a colleague's word like any other.
    said = [Said(customer_id, name, value, by, Strength.COLLEAGUE, now) for name, value in changes.items()]
    traits.record(raw, said)
    search.refresh(raw, [customer_id])


def _claim_addresses(customer_id: int, changes: dict[str, Any], by: str, now: datetime) -> None:
    for kind in (Identity.Kind.EMAIL, Identity.Kind.PHONE):
        value = str(changes.get(kind) or "")
        if not value:
            continue
        key = addresses.phone_key(value) if kind == Identity.Kind.PHONE else value
        found, _made = Identity.objects.get_or_create(
            kind=kind,
            value=key,
            defaults={"customer_id": customer_id, "source": by, "evidence": HAND, "first_seen": now},
        )
        if found.customer_id != customer_id:
            raise AddressTaken(kind, found.customer_id)
        # Asked only now: an erasure that took the identifier away a moment ago has closed the doors before.
        if any(erased([value]) for erased in _doors):
            raise AddressErased(kind)


def merge_suggestion(suggestion: Suggestion, *, by: str) -> int:
    """The two are one person: the elder stays. Returns the merge's id. Raises MergeRefused."""
    with transaction.atomic():
        merge_id = merging.merge_customers(
            suggestion.one, suggestion.other, by=by, reason=f"the same {suggestion.kind}, decided from a suggestion"
        )
        _decide(suggestion, Suggestion.Status.MERGED, by)
    return merge_id


def keep_apart(suggestion: Suggestion, *, by: str) -> None:
    """The two are two people, and will not be suggested again."""
    with transaction.atomic():
        _decide(suggestion, Suggestion.Status.APART, by)
        record(by, "kept customers apart", f"customer {suggestion.one}", other=suggestion.other)


def _decide(suggestion: Suggestion, status: str, by: str) -> None:
    suggestion.status, suggestion.decided_at, suggestion.decided_by = status, timezone.now(), by
    suggestion.save(update_fields=["status", "decided_at", "decided_by"])
