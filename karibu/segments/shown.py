"""Segments on the pages of others: in the top search, and on a customer's page."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.customers.models import Customer
from karibu.segments import queries
from karibu.segments.models import Segment
from karibu.web import formats
from karibu.web.models import User
from karibu.web.search import Hit

MOST, SHOWN = 5, 12


def find(text: str, user: User) -> list[Hit]:
    """Segments by a part of their name."""
    found = queries.segments().filter(name__icontains=text).order_by("name", "pk")[:MOST]
    return [Hit(_("Segments"), one.name, one.get_absolute_url(), _people(one), "segments") for one in found]


def panel(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """The segments that this person is in, the latest first; of more than SHOWN only how many."""
    memberships = list(queries.of_customers(family)[: SHOWN + 1])
    if not memberships:
        return None
    names = queries.names([one.segment_id for one in memberships])
    shown = [(one, names[one.segment_id]) for one in memberships[:SHOWN] if one.segment_id in names]
    return {"memberships": shown, "has_more": len(memberships) > SHOWN}


def _people(segment: Segment) -> str:
    if segment.size is None:
        return ""
    return ngettext("%(n)s person", "%(n)s people", segment.size) % {"n": formats.count(segment.size)}
