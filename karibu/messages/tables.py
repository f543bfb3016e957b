"""The list of messages."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.messages.models import Message, Template
from karibu.messages.status import TONES, Reason, Status, explain
from karibu.web.tables import Choice, Column, Dates, Deed, Empty, Table


def templates() -> list[tuple[str, Any]]:
    return [(str(pk), name) for pk, name in Template.objects.order_by("name").values_list("pk", "name")]


def status_label(message: Message) -> str:
    return str(Status(message.status).label) if message.status in Status.values else message.status


def did(message: Message) -> str:
    """What the person did with it, as far as we know."""
    if message.clicked_at:
        return str(_("clicked"))
    return str(_("opened")) if message.opened_at else ""


class Messages(Table):
    name = "messages"
    columns = [
        Column("to", _("To"), value=lambda m: m.address or f"#{m.customer_id}", link=lambda m: f"/messages/{m.pk}/"),
        Column("subject", _("Subject"), value=lambda m: m.subject or m.template.name),
        Column("status", _("Status"), value=status_label, kind="badge", tone=lambda m: TONES.get(m.status, "quiet")),
        Column("reason", _("Why"), value=lambda m: explain(m.reason)),
        Column("did", _("Then"), value=did),
        Column("due", _("Due"), value="due_at", kind="ago", shown=False),
        Column("sent", _("Sent"), value="sent_at", kind="ago"),
        Column("sender", _("From"), value="sender"),
        Column("made", _("Made"), value="created_at", kind="ago", sort="id"),
    ]
    filters = [
        Choice("status", _("Status"), choices=Status.choices),
        Choice("reason", _("Why"), choices=Reason.choices),
        Choice("template", _("Template"), path="template_id", choices=templates),
        Choice("sender", _("From"), choices=lambda: [(s, s) for s in senders()]),
        Dates("made", _("Made"), path="created_at"),
    ]
    deeds = [
        Deed(_("Try again"), "/messages/retry/", "refresh", ("marketer",)),
        Deed(_("Cancel messages"), "/messages/cancel/", "stop", ("marketer",)),
    ]
    order = "-made"
    search_label = _("Search by address or customer number")
    empty = Empty(
        _("No messages yet"),
        _("Each message that a journey wants to send stands here first, with what became of it and why."),
        "/journeys/",
        _("Turn on a journey"),
    )

    def search(self, rows: Any, text: str) -> QuerySet[Message]:
        by_address = Q(address__istartswith=text)
        found: QuerySet[Message] = rows.filter(
            by_address | Q(customer_id=int(text)) if text.isdecimal() else by_address
        )
        return found


def senders() -> list[str]:
    """The distinct senders, each by one step along the index, however many messages there are."""
    found: list[str] = []
    rows = Message.objects.order_by("sender").values_list("sender", flat=True)
    while len(found) < 100:
        following = rows.filter(sender__gt=found[-1]).first() if found else rows.first()
        if following is None:
            break
        found.append(following)
    return found
