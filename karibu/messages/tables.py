"""The list of messages."""

from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.customers.queries import labels
from karibu.messages import senders
from karibu.messages.models import Message, Template
from karibu.messages.status import TONES, Reason, Status, explain
from karibu.web.tables import Choice, Column, Dates, Deed, Empty, QuerysetRows, Rows, Slice, Table

MOST_SENDERS = 300


def templates() -> list[tuple[str, Any]]:
    return [(str(pk), name) for pk, name in Template.objects.order_by("name").values_list("pk", "name")]


def status_label(message: Message) -> str:
    return str(Status(message.status).label) if message.status in Status.values else message.status


def did(message: Message) -> str:
    """What the person did with it, as far as we know."""
    if message.clicked_at:
        return str(_("clicked"))
    return str(_("opened")) if message.opened_at else ""


def to(message: Message) -> str:
    """Where it goes, or to whom, as well as we know."""
    person: str = message.person  # type: ignore[attr-defined]
    return message.address or person or gettext("customer %(id)s") % {"id": message.customer_id}


class NamedMessages(QuerysetRows):
    """Messages, each knowing what its sender is called, and its person where it has no address."""

    def take(self, wanted: Slice) -> list[Message]:
        rows = super().take(wanted)
        wanting = senders.names(row.sender for row in rows)
        people = labels({row.customer_id for row in rows if not row.address})
        for row in rows:
            row.wanted_by, row.person = wanting[row.sender], people.get(row.customer_id, "")
        return rows


class Messages(Table):
    name = "messages"
    columns = [
        Column("to", _("To"), value=to, link=lambda m: f"/messages/{m.pk}/"),
        Column("subject", _("Subject"), value=lambda m: m.subject or m.template.name, is_long=True),
        Column("status", _("Status"), value=status_label, kind="badge", tone=lambda m: TONES.get(m.status, "quiet")),
        Column("reason", _("Why"), value=lambda m: explain(m.reason), is_long=True),
        Column("did", _("Then"), value=did),
        Column("due", _("Due"), value="due_at", kind="ago", shown=False),
        Column("sent", _("Sent"), value="sent_at", kind="ago", shown=False),
        Column("sender", _("From"), value="wanted_by"),
        Column("made", _("Made"), value="created_at", kind="ago", sort="id"),
    ]
    filters = [
        Choice("status", _("Status"), choices=Status.choices),
        Choice("reason", _("Why"), choices=Reason.choices),
        Choice("template", _("Template"), path="template_id", choices=templates),
        Choice("sender", _("From"), choices=lambda: list(senders.names(known_senders()).items())),
        Dates("made", _("Made"), path="created_at"),
    ]
    deeds = [
        Deed(_("Try again"), "/messages/retry/", "refresh", ("marketer",)),
        Deed(_("Cancel messages"), "/messages/cancel/", "stop", ("marketer",)),
    ]
    order = "-made"
    search_label = _("Address, customer number")
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

    def rows_of(self, source: Any) -> Rows:
        return NamedMessages(self.narrowed(source))


# One step along the index for each distinct sender, however many messages there are.
_SENDERS = """
    WITH RECURSIVE found AS (
        SELECT min(sender) AS sender, 1 AS n FROM messages_message
        UNION ALL
        SELECT (SELECT min(sender) FROM messages_message WHERE sender > f.sender), f.n + 1 FROM found f
        WHERE f.sender IS NOT NULL AND f.n < %s)
    SELECT sender FROM found WHERE sender IS NOT NULL"""


def known_senders() -> list[str]:
    """The distinct senders, at most MOST_SENDERS."""
    with connection.cursor() as cursor:
        cursor.execute(_SENDERS, [MOST_SENDERS])
        return [sender for (sender,) in cursor.fetchall()]
