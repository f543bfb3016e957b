"""What an erasure takes out of this app, and what a person is told of it."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.customers.raw import Cursor
from karibu.growth.models import Answer


def from_growth(person: Person, cursor: Cursor) -> dict[str, int]:
    """How often a form was answered stays; who did does not."""
    return {"answered forms": Answer.objects.filter(customer_id__in=person.family).delete()[0]}


def of_growth(person: Person) -> Iterator[Part]:
    yield Part("forms", _("Forms you answered"), rows(Answer.objects.filter(customer_id__in=person.family)))
