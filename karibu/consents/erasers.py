"""What an erasure takes out of the apps below this one. The apps above register their own."""

from collections.abc import Sequence

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from karibu.collect.models import InboxRow, RejectedEvent
from karibu.collect.packing import thinned
from karibu.consents.models import Confirmation, Consent, Pause, Rhythm, Suppression
from karibu.consents.person import Person, leave_browsers
from karibu.consents.traces import found
from karibu.customers import addresses
from karibu.customers.models import Activity, Customer, Identity, Merge, Suggestion, Trait
from karibu.customers.raw import Cursor
from karibu.events import erase as log
from karibu.shop.models import Cart, Coupon, Order
from karibu.web.models import AuditEntry

# Which goods for how much; the shop's own id of a cart may lead back to whose it was.
_BARE_CARTS = """
    UPDATE shop_cart SET cart_id = 'erased:' || id, items = (
        SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('product_id', line -> 'product_id',
            'name', line -> 'name', 'price', line -> 'price', 'quantity', line -> 'quantity'))), '[]')
        FROM jsonb_array_elements(items) AS line WHERE %(names)s = '' OR line::text !~* %(names)s)
    WHERE customer_id = ANY(%(family)s) AND cart_id <> 'erased:' || id"""


class Grown(RuntimeError):
    """Others were merged into the customer, or the customer into another, since the family was read."""


def from_log(people: Sequence[Person], cursor: Cursor) -> dict[str, int]:
    """Also events of others that mention an address of theirs. Several people, of whom the same is to stay, at once:
    the files that hold some of them are written anew once."""
    family = [number for person in people for number in person.family]
    traces = [person.traces for person in people]
    mentioned = [log.Mention(one.addresses, one.words, one.rough) for one in traces if one.addresses]
    names = [one.anything for one in traces if one.anything]
    if people[0].keeps_numbers:
        touched = log.anonymise(family, cursor, mentioned=mentioned, names=names)
    else:
        touched = log.erase(family, cursor, mentioned=mentioned)
    for pattern in names:
        log.forget_names(pattern, cursor)
    return {"events": touched}


def from_customers(person: Person, cursor: Cursor) -> dict[str, int]:
    """The rows stay, empty: orders and messages count on them, and old ids keep leading to "erased"."""
    _lock(person.family)
    browsers = leave_browsers(person.family)
    mine = Customer.objects.filter(pk__in=person.family)
    mine.update(
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
    )
    mine.filter(erased_at=None).update(erased_at=timezone.now())
    Merge.objects.filter(Q(winner__in=person.family) | Q(loser__in=person.family)).update(reason="", kept={})
    gone = {
        "identities": Identity.objects.filter(customer_id__in=person.family).delete()[0],
        "traits": Trait.objects.filter(customer_id__in=person.family).delete()[0],
        "browsers": browsers,
    }
    Identity.objects.filter(own_id__in=person.family).update(own_id=None)
    Activity.objects.filter(customer_id__in=person.family).delete()
    Suggestion.objects.filter(Q(one__in=person.family) | Q(other__in=person.family)).delete()
    return gone


def _lock(family: list[int]) -> None:
    """Whoever merges customers or changes one takes the same locks. Raises Grown."""
    rows = Customer.objects.select_for_update().filter(Q(pk__in=family) | Q(merged_into__in=family))
    locked = list(rows.order_by("pk").values_list("pk", "merged_into"))
    if sorted(family) != [pk for pk, _ in locked] or any(into and into not in family for _, into in locked):
        raise Grown


def from_shop(person: Person, cursor: Cursor) -> dict[str, int]:
    """Carts go. Orders stay as numbers: what was sold is the shop's, who bought it is not any more."""
    Order.objects.filter(customer_id__in=person.family).update(cart_id="")
    Coupon.objects.filter(customer_id__in=person.family).update(customer_id=None, key=None)
    if person.keeps_numbers:
        cursor.execute(_BARE_CARTS, {"family": person.family, "names": person.traces.anything})
        return {"carts": cursor.rowcount}
    return {"carts": Cart.objects.filter(customer_id__in=person.family).delete()[0]}


def from_consents(person: Person, cursor: Cursor) -> dict[str, int]:
    """The block on the hashed identifiers does what a suppressed address did."""
    lowered = {value.lower() for value in person.identifiers}
    lowered |= {form for value in person.identifiers for form in addresses.variants(value)}
    mine = {"customer_id__in": person.family}
    Pause.objects.filter(**mine).delete()
    Rhythm.objects.filter(**mine).delete()
    Confirmation.objects.filter(Q(**mine) | Q(address__in=lowered)).delete()
    return {
        "consents": Consent.objects.filter(customer_id__in=person.family).delete()[0],
        "suppressions": Suppression.objects.filter(value__in=lowered).delete()[0],
    }


def from_collection(person: Person, cursor: Cursor) -> dict[str, int]:
    """What was set aside with the person in it, and what still waits to be worked on."""
    pattern = person.traces.anything
    gone = RejectedEvent.objects.filter(body__iregex=pattern).delete()[0] if pattern else 0
    return {"rejected events": gone, "waiting events": _drop_waiting(person.traces.ids)}


def _drop_waiting(pattern: str) -> int:
    """A row that a worker holds is left to it: the pipeline asks blocked.py about each event."""
    dropped = 0
    for row in InboxRow.objects.select_for_update(skip_locked=True).iterator(50):
        body, left = thinned(row.body, lambda event: found(pattern, event.decode()))
        dropped += row.events - left
        if not left:
            row.delete()
        elif left < row.events:
            row.body, row.events = body, left
            row.save(update_fields=["body", "events"])
    return dropped


def from_audit(person: Person, cursor: Cursor) -> dict[str, int]:
    """Who did what stays, with the customer's number; details that name the person go."""
    if not (pattern := person.traces.anything):
        return {"audit details": 0}
    entries = AuditEntry.objects.annotate(text=Cast("detail", TextField()))
    return {"audit details": entries.filter(text__iregex=pattern).update(detail={})}


# Called in the opposite order, after those of the apps above. The customer's own rows come first of all
# (from_customers), the log last (from_log): see erasure.finish.
ERASERS = (from_audit, from_collection, from_consents, from_shop)
