"""The list of one webhook's deliveries."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.models import Delivery
from karibu.web.tables import Choice, Column, Deed, Empty, Table

TONES = {Delivery.Status.WAITING: "info", Delivery.Status.DELIVERED: "good", Delivery.Status.GIVEN_UP: "bad"}


def answer(delivery: Delivery) -> str:
    """What the receiver said the last time, in short."""
    if delivery.answer_status is None:
        return ""
    return f"{delivery.answer_status}" if delivery.answer_status else delivery.answer


def tone(delivery: Delivery) -> str:
    is_again = delivery.status == Delivery.Status.WAITING and delivery.attempts > 1
    return "warn" if is_again else TONES[Delivery.Status(delivery.status)]


class Deliveries(Table):
    name = "deliveries"
    columns = [
        Column("event", _("Event"), value="name", link=lambda one: f"/settings/webhooks/deliveries/{one.pk}/"),
        Column("status", _("Status"), value=lambda one: one.get_status_display(), kind="badge", tone=tone),
        Column("answer", _("Answer"), value=answer, is_long=True),
        Column("attempts", _("Tries"), value="attempts", kind="count"),
        Column("took", _("Took, ms"), value="took_ms", kind="count", shown=False),
        Column("tried", _("Last try"), value="tried_at", kind="ago", sort="id"),
        Column("due", _("Next try"), value=lambda one: one.due_at if one.status == "waiting" else None, kind="moment"),
    ]
    filters = [Choice("status", _("Status"), choices=Delivery.Status.choices)]
    deeds = [Deed(_("Deliver again"), "/settings/webhooks/deliveries/replay/", "refresh", ("owner",))]
    order = "-tried"
    search_label = _("Name of the event, or its id")
    empty = Empty(
        _("No deliveries yet"),
        _("Each event that this webhook asks for stands here, with what the receiver answered."),
    )

    def search(self, rows: Any, text: str) -> QuerySet[Delivery]:
        found: QuerySet[Delivery] = rows.filter(Q(name__istartswith=text) | Q(event=text))
        return found
