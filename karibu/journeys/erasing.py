"""What an erasure takes out of journeys: runs end and forget what they were about; that somebody went through stays."""

from django.db.models import F, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat

from karibu.customers.raw import Cursor
from karibu.journeys.models import Enrollment


def from_journeys(family: list[int], identifiers: list[str], cursor: Cursor) -> dict[str, int]:
    theirs = Enrollment.objects.filter(customer_id__in=family)
    theirs.filter(status=Enrollment.Status.ACTIVE).update(status=Enrollment.Status.LEFT, due_at=None)
    emptied = theirs.update(key="", slot=Concat(Value("erased:"), Cast(F("id"), CharField())), reason="", context={})
    return {"enrollments": emptied}
