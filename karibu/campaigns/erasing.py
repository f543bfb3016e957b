"""What this app holds of a person: that their turn in a campaign has not come. It goes, or is told."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from karibu.campaigns.models import Recipient
from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.customers.raw import Cursor


def from_campaigns(person: Person, cursor: Cursor) -> dict[str, int]:
    return {"planned messages": Recipient.objects.filter(customer_id__in=person.family).delete()[0]}


def told_by_campaigns(person: Person) -> Iterator[Part]:
    yield Part("planned", _("Messages planned for you"), rows(Recipient.objects.filter(customer_id__in=person.family)))
