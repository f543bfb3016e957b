"""What an erasure takes out of this app: what the person wrote, and where they could be reached."""

from django.db.models import Q

from karibu.consents.person import Person
from karibu.customers.raw import Cursor
from karibu.messages.channels.models import Inbound, Receipt, Subscription
from karibu.messages.models import Message


def from_channels(person: Person, cursor: Cursor) -> dict[str, int]:
    """A provider's name for a message may hold the number it went to (WhatsApp's does), so receipts go as well."""
    theirs = Q(customer_id__in=person.family) | Q(address__in=list(person.identifiers))
    mine = Message.objects.filter(customer_id__in=person.family).values("id")
    return {
        "messages received": Inbound.objects.filter(theirs).delete()[0],
        "subscriptions": Subscription.objects.filter(customer_id__in=person.family).delete()[0],
        "receipts": Receipt.objects.filter(message_id__in=mine).delete()[0],
    }
