"""WhatsApp's law: within 24 hours of a person's last message anything may be said, else approved templates only.

https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-messages#customer-service-windows
Asked by the gate (rules.py), by whoever writes the letter (compose.py), and by a composer that a colleague writes in:
`Law.sentence` is what it shows where it is locked.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext as _

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Inbound, WhatsAppTemplate
from karibu.web import formats

WINDOW = timedelta(hours=24)
SILENT = ("system",)  # what WhatsApp itself says about a person is no message of theirs


@dataclass(frozen=True)
class Law:
    """What may be said to one address. `until`: when the window closes or closed; None where it never was open."""

    is_open: bool
    until: datetime | None
    approved: tuple[WhatsAppTemplate, ...]

    @property
    def sentence(self) -> str:
        """Why only templates may be sent; "" while anything may."""
        if self.is_open:
            return ""
        if self.until is None:
            return _("This person has never written to you on WhatsApp: only an approved template can be sent.")
        return _("Their last message is more than 24 hours old (%(when)s): only an approved template can be sent.") % {
            "when": formats.moment(self.until - WINDOW)
        }


def laws(addresses: Collection[str], now: datetime) -> dict[str, Law]:
    """For each of these numbers, in two queries."""
    account = accounts.in_use("whatsapp")
    approved = tuple(account.whatsapptemplate_set.filter(status="APPROVED").order_by("pk")) if account else ()
    rows = Inbound.objects.filter(kind="whatsapp", address__in=set(addresses)).exclude(type__in=SILENT)
    last = dict(rows.values_list("address").annotate(Max("at")))
    return {one: _law(last.get(one), approved, now) for one in addresses}


def _law(last: datetime | None, approved: tuple[WhatsAppTemplate, ...], now: datetime) -> Law:
    until = last + WINDOW if last else None
    return Law(is_open=until is not None and now < until, until=until, approved=approved)
