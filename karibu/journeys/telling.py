"""What this app tells a person about themselves: the journeys they were in, and each step."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from karibu.consents.access import Part
from karibu.consents.person import Person
from karibu.consents.tellers import rows
from karibu.journeys.models import Enrollment, Passage, Rehearsed


def from_journeys(person: Person) -> Iterator[Part]:
    mine = Enrollment.objects.filter(customer_id__in=person.family)
    yield Part("journeys", _("Journeys you were in"), rows(mine))
    yield Part("steps", _("What those journeys did"), rows(Passage.objects.filter(enrollment__in=mine)))
    yield Part(
        "rehearsed",
        _("Journeys you would have been in, as they were tried out on the past"),
        rows(Rehearsed.objects.filter(customer_id__in=person.family)),
    )
