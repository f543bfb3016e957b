"""Erasing a person: out of every store, for good, and with a lock on every door they could come back through.

First the doors: a keyed hash of each identifier (blocked.py), so that the pipeline drops what still arrives. Then,
when no batch is under way that began before, every app that registered takes its part out. Orders stay as numbers.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone

from karibu.collect import drain
from karibu.collect.lanes import LANES
from karibu.consents.blocked import block
from karibu.customers import raw
from karibu.customers.models import Customer, Identity, Trait
from karibu.customers.queries import family as family_of
from karibu.customers.queries import resolve
from karibu.customers.raw import Cursor
from karibu.web.actions import record

OUTSIDE = LANES  # stands for what is no lane's
Eraser = Callable[[list[int], list[str], Cursor], dict[str, int]]
_erasers: list[Eraser] = []


class NobodyThere(LookupError):
    """There is no such customer, or they were erased already."""


@dataclass
class Report:
    """What was taken out, by what it was: {"events": 120, "mails": 3}."""

    customer_id: int
    counts: dict[str, int] = field(default_factory=dict)


def register(eraser: Eraser) -> None:
    """`eraser(customer_ids, identifiers, cursor)` removes these people from an app's tables, inside the transaction,
    and returns {what: how many}. Identifiers are e-mail addresses, phone numbers, external ids and browser ids."""
    if eraser not in _erasers:
        _erasers.append(eraser)


def erase(customer_id: int, *, by: str) -> Report:
    """Erases the customer and all that were merged into them. Raises NobodyThere, or one of events.lake.TROUBLES."""
    today = resolve(customer_id)
    if today is None or Customer.objects.filter(pk=today, erased_at__isnull=False).exists():
        raise NobodyThere(f"There is no customer {customer_id} to erase.")
    family = family_of(today)
    identifiers = identifiers_of(family)
    # Committed before anything is removed. Should the rest fail, erasing again goes on from here.
    block(identifiers, timezone.now())
    _let_batches_pass()
    report = Report(today)
    with transaction.atomic():
        cursor = raw.cursor()
        for eraser in _erasers:
            report.counts |= eraser(family, identifiers, cursor)
        record(by, "erased customer", f"customer {today}", **report.counts)
    return report


def find(text: str) -> int | None:
    """The customer of an id, an e-mail address, a phone number or any other identifier, exactly as written."""
    if text.isdecimal() and (found := resolve(int(text))):
        return found
    row = Identity.objects.filter(value__iexact=text.strip()).values_list("customer_id", flat=True).first()
    return resolve(row) if row else None


def identifiers_of(family: Collection[int]) -> list[str]:
    """Everything that names this person: what events carry, and what was typed or imported."""
    found = set(Identity.objects.filter(customer_id__in=family).values_list("value", flat=True))
    for email, phone in Customer.objects.filter(pk__in=family).values_list("email", "phone"):
        found |= {email, phone}
    said = Trait.objects.filter(customer_id__in=family, name__in=("email", "phone"))
    found |= {value for value in said.values_list("value", flat=True) if isinstance(value, str)}
    return sorted(found - {""})


def hold_off() -> None:
    """An erasure waits for the transaction that calls this. For batches outside of the lanes: those of imports."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [drain.LOCK, OUTSIDE])


def _let_batches_pass() -> None:
    """Waits until every batch that began before the doors closed is over: it holds the lock on its lane."""
    with transaction.atomic(), connection.cursor() as cursor:
        for lane in (*range(LANES), OUTSIDE):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [drain.LOCK, lane])
