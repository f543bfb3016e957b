"""What this app tells a person about themselves: what they wrote to us, and where they let us write to them."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.messages.channels.models import Inbound, Subscription


def from_channels(person: Person) -> Iterator[Part]:
    yield Part("inbound", _("What you wrote to us"), rows(Inbound.objects.filter(customer_id__in=person.family)))
    mine = Subscription.objects.filter(customer_id__in=person.family)
    yield Part("subscriptions", _("Where you let us write to you"), rows(mine))
