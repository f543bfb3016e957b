"""What a customer's page says about consent: the panel at its left, and the rows of the timeline."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from karibu.consents import history, queries
from karibu.consents.methods import Basis, Method
from karibu.consents.models import Consent, Suppression
from karibu.consents.statement import EVERYTHING
from karibu.customers.models import Customer
from karibu.customers.timeline import Entry

ICONS = {"given": "check", "withdrawn": "blocked", "pending": "clock"}


def context(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    if customer.erased_at:
        return None
    address = queries.normalise("email", customer.email)
    why = queries.suppressed("email", [address]).get(address) if address else None
    blocked = Suppression.Reason(why).label if why else None
    marks = history.standing(customer)
    is_silent = all(mark.last is None for mark in marks)
    rhythm = queries.rhythms([customer.pk]).get(customer.pk, 0)
    return {"customer": customer, "marks": marks, "is_silent": is_silent, "blocked": blocked, "rhythm": rhythm}


def erase_context(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    return None if customer.erased_at else {"customer": customer}


def entries(customer_ids: list[int], before: datetime | None, limit: int) -> list[Entry]:
    rows = Consent.objects.filter(customer_id__in=customer_ids)
    rows = rows.filter(at__lt=before) if before else rows
    return [_entry(row) for row in rows.order_by("-at", "-id")[:limit]]


def _entry(row: Consent) -> Entry:
    words = {
        Consent.Status.GIVEN: _("Agreed to {what} by {channel}"),
        Consent.Status.WITHDRAWN: _("Withdrew {what} by {channel}"),
        Consent.Status.PENDING: _("Has yet to confirm {what} by {channel}"),
    }[Consent.Status(row.status)]
    what = _("everything") if row.topic == EVERYTHING else row.topic
    evidence = [
        (_("Through"), _label(Method, row.method)),
        (_("Permitted by"), _label(Basis, row.basis)),
        (_("They were shown"), row.wording),
        (_("Source"), row.source),
        (_("Evidence"), row.evidence),
    ]
    return Entry(
        at=row.at,
        kind="consents",
        sentence=format_html(words, what=what, channel=row.channel),
        evidence=[(name, value) for name, value in evidence if value],
        icon=ICONS[row.status],
    )


def _label(kind: type[Method] | type[Basis], value: str) -> str:
    """What a member of a closed set is called; a row older than the set stands for itself."""
    return str(kind(value).label) if value in kind.values else value
