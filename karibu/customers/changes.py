"""What was done to a customer's record, on their timeline: who joined whom, when, why, and taken apart again."""

from datetime import datetime

from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext as _

from karibu.customers.models import Merge
from karibu.customers.timeline import Entry

KINDS = ("changes",)


def entries(customer_ids: list[int], before: datetime | None, limit: int) -> list[Entry]:
    """Merges and undone merges of this family; what the shop's own events joined is not a colleague's change."""
    touched = Merge.objects.filter(Q(winner__in=customer_ids) | Q(loser__in=customer_ids)).exclude(by="identify")
    made = touched.filter(at__lt=before) if before else touched
    undone = touched.filter(undone_at__lt=before) if before else touched.exclude(undone_at=None)
    rows = [_made(merge) for merge in made.order_by("-at", "-id")[:limit]]
    rows += [_undone(merge) for merge in undone.order_by("-undone_at", "-id")[:limit]]
    return sorted(rows, key=lambda entry: entry.at, reverse=True)[:limit]


def _made(merge: Merge) -> Entry:
    sentence = format_html(_("{} joined customers {} and {}"), merge.by, merge.winner, merge.loser)
    return Entry(merge.at, "changes", sentence, [(_("Why"), merge.reason)], "merge")


def _undone(merge: Merge) -> Entry:
    sentence = format_html(_("{} took customers {} and {} apart again"), merge.undone_by, merge.winner, merge.loser)
    assert merge.undone_at is not None
    return Entry(merge.undone_at, "changes", sentence, [(_("Joined"), merge.reason)], "undo")
