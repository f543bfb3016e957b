"""What an erasure takes out of the apps below this one. The apps above register their own."""

from collections.abc import Iterator
from typing import Any

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from karibu.collect.models import InboxRow, RejectedEvent
from karibu.consents import blocked
from karibu.consents.models import Consent, Suppression
from karibu.customers.models import Activity, Customer, Identity, Link, Merge, Suggestion, Trait
from karibu.customers.raw import Cursor
from karibu.events import erase as log
from karibu.shop.models import Cart, Order
from karibu.web.models import AuditEntry


def from_log(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    return {"events": log.erase(family, cursor)}


def from_customers(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """The rows stay, empty: orders and messages count on them, and old ids keep leading to "erased"."""
    Customer.objects.filter(pk__in=family).update(
        name="",
        email="",
        phone="",
        country="",
        city="",
        language="",
        timezone="",
        traits={},
        first_source="",
        search=None,
        is_anonymous=True,
        erased_at=timezone.now(),
    )
    Merge.objects.filter(winner__in=family).update(reason="", kept={})
    gone = {
        "identities": Identity.objects.filter(customer_id__in=family).delete()[0],
        "traits": Trait.objects.filter(customer_id__in=family).delete()[0],
        "browsers": Link.objects.filter(customer_id__in=family).delete()[0],
    }
    Activity.objects.filter(customer_id__in=family).delete()
    Suggestion.objects.filter(one__in=family).delete()
    Suggestion.objects.filter(other__in=family).delete()
    return gone


def from_shop(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """Carts go. Orders stay as numbers: what was sold is the shop's, who bought it is not any more."""
    Order.objects.filter(customer_id__in=family).update(cart_id="")
    return {"carts": Cart.objects.filter(customer_id__in=family).delete()[0]}


def from_consents(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """The block on the hashed identifiers does what a suppressed address did."""
    lowered = [value.lower() for value in identifiers]
    return {
        "consents": Consent.objects.filter(customer_id__in=family).delete()[0],
        "suppressions": Suppression.objects.filter(value__in=lowered).delete()[0],
    }


def from_inbox(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """What was set aside with the person's data in it, and what still waits to be worked on."""
    gone = 0
    for text in as_written(identifiers):
        gone += RejectedEvent.objects.filter(body__icontains=text).delete()[0]
    for number in filter(str.isdecimal, identifiers):  # an id may have been sent as a number, without quotes
        bare = rf'"(userId|anonymousId|previousId)"\s*:\s*{number}(\.0)?\s*[,}}]'
        gone += RejectedEvent.objects.filter(body__regex=bare).delete()[0]
    return {"rejected events": gone, "waiting events": _drop_waiting({blocked.digest(value) for value in identifiers})}


def as_written(identifiers: list[str]) -> list[str]:
    """How an identifier stands in JSON: an address anywhere, anything else only as a whole value."""
    return [value if "@" in value else f'"{value}"' for value in identifiers]


def _drop_waiting(digests: set[str]) -> int:
    """A row that a worker holds is left to it: the pipeline asks blocked.py about each event."""
    dropped = 0
    for row in InboxRow.objects.select_for_update(skip_locked=True):
        events = msgspec.json.decode(bytes(row.body))
        kept = [event for event in events if not digests & {blocked.digest(text) for text in _texts(event)}]
        dropped += len(events) - len(kept)
        if not kept:
            row.delete()
        elif len(kept) < len(events):
            row.body, row.events = msgspec.json.encode(kept), len(kept)
            row.save(update_fields=["body", "events"])
    return dropped


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def from_audit(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    """Who did what stays, with the customer's number; details that name the person go."""
    changed = 0
    for text in identifiers:
        changed += (
            AuditEntry.objects.annotate(text=Cast("detail", TextField()))
            .filter(text__icontains=text if "@" in text else f'"{text}"')
            .update(detail={})
        )
    return {"audit details": changed}


# The log first: it takes longest, and its locks are its own.
ERASERS = (from_log, from_customers, from_shop, from_consents, from_inbox, from_audit)
