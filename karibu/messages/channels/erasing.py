"""What an erasure takes out of this app: what the person wrote, and where they could be reached."""

import msgspec
from django.db.models import Q

from karibu.consents.person import Person
from karibu.consents.traces import found
from karibu.customers.raw import Cursor
from karibu.messages.channels.email.models import Report
from karibu.messages.channels.models import Delivery, Inbound, Outgoing, Receipt, Subscription
from karibu.messages.channels.webhook.compose import Body
from karibu.messages.channels.webhook.stage import read
from karibu.messages.models import Message


def from_channels(person: Person, cursor: Cursor) -> dict[str, int]:
    """A provider's name for a message may hold the number it went to (WhatsApp's does), so receipts go as well."""
    addresses = [*person.identifiers, *(value.lower() for value in person.identifiers)]
    theirs = Q(customer_id__in=person.family) | Q(address__in=addresses)
    mine = Message.objects.filter(customer_id__in=person.family).values("id")
    return {
        "messages received": Inbound.objects.filter(theirs).delete()[0],
        "subscriptions": Subscription.objects.filter(customer_id__in=person.family).delete()[0],
        "receipts": Receipt.objects.filter(message_id__in=mine).delete()[0],
        "reports": Report.objects.filter(Q(message_id__in=mine) | Q(address__in=addresses)).delete()[0],
        "deliveries": _from_webhooks(person),
    }


def _from_webhooks(person: Person) -> int:
    """What waits to be told of the person, was told, or mentions them."""
    for block in Outgoing.objects.select_for_update():
        bodies = list(read(block.body))
        kept = [body for body in bodies if not _is_theirs(body, person)]
        if len(kept) < len(bodies):
            Outgoing.objects.filter(pk=block.pk).update(body=msgspec.json.encode(kept), events=len(kept))
    theirs = Q(customer_id__in=person.family)
    if pattern := person.traces.anything:
        theirs |= Q(body__iregex=pattern)
    return Delivery.objects.filter(theirs).delete()[0]


def _is_theirs(body: Body, person: Person) -> bool:
    text = msgspec.json.encode(body).decode()
    return body.data.customer in person.family or found(person.traces.anything, text)
