"""What an erasure takes out of this app, and what a person is told of it."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.customers.raw import Cursor
from karibu.desk.models import Task


def from_desk(person: Person, cursor: Cursor) -> dict[str, int]:
    """Nothing is to be done about somebody who is gone; tasks about others forget them."""
    gone = Task.objects.filter(customer_id__in=person.family).delete()[0]
    if pattern := person.traces.anything:
        Task.objects.filter(title__iregex=pattern).update(title="…")
    return {"tasks": gone}


def of_desk(person: Person) -> Iterator[Part]:
    mine = Task.objects.filter(customer_id__in=person.family)
    yield Part("tasks", _("What colleagues were to do for you"), rows(mine))
