"""Worth doing next: at most three suggestions, each computed from this shop's data, with its number and one button.

An upper app may register suggestions of its own.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from karibu.journeys.models import Journey
from karibu.segments import rfm
from karibu.segments.models import Segment
from karibu.web.queries import shop

MOST = 3
WEEK = timedelta(days=7)
KEPT = 30.0  # seconds


@dataclass(frozen=True)
class Suggestion:
    """`number` is what it is about, `sentence` goes on from there; the button leads to where it is done."""

    name: str
    number: int
    sentence: str
    url: str
    label: str
    icon: str


_said: tuple[str | None, float, list["Suggestion"]] | None = None
Suggester = Callable[[datetime], Suggestion | None]


def worth_doing(now: datetime | None = None) -> list[Suggestion]:
    """The first three that apply, most valuable first."""
    now = now or datetime.now(UTC)
    found: list[Suggestion] = []
    for suggester in SUGGESTERS:
        if len(found) < MOST and (suggestion := suggester(now)):
            found.append(suggestion)
    return found


def lately() -> list[Suggestion]:
    """What `worth_doing` said at most half a minute ago: it counts, and nobody acts twice in so short a time."""
    global _said
    language = get_language()
    if _said is None or _said[0] != language or time.monotonic() - _said[1] > KEPT:
        _said = (language, time.monotonic(), worth_doing())
    return _said[2]


def forget() -> None:
    """Asks anew next time (tests)."""
    global _said
    _said = None


def register(suggester: Suggester) -> None:
    if suggester not in SUGGESTERS:
        SUGGESTERS.append(suggester)


def left_carts(now: datetime) -> Suggestion | None:
    """People with an address who left a cart this week, while no journey reminds them."""
    if Journey.objects.filter(recipe="abandoned-cart", status=Journey.Status.LIVE).exists():
        return None
    people = _number(
        "SELECT count(DISTINCT t.customer_id) FROM shop_cart t JOIN customers_customer c ON c.id = t.customer_id"
        " WHERE t.updated_at > %s AND t.status = 'open' AND c.email <> ''",
        [now - WEEK],
    )
    if not people:
        return None
    said = ngettext(
        "person left a cart this week. No journey reminds them of it.",
        "people left a cart this week. No journey reminds them of it.",
        people,
    )
    return Suggestion("carts", people, said, "/journeys/", _("Turn the recipe on"), "cart")


def refused_messages(now: datetime) -> Suggestion | None:
    """Messages that did not leave because nobody ever asked these people."""
    number = _number(
        "SELECT count(*) FROM messages_message WHERE status = 'refused' AND reason = 'no_consent' AND id >="
        " coalesce((SELECT min(id) FROM (SELECT id FROM messages_message ORDER BY id DESC LIMIT 20000) newest), 0)"
        " AND created_at > %s",
        [now - WEEK],
    )
    if not number:
        return None
    said = ngettext(
        "message did not leave this week: the person was never asked. Ask for consent at the checkout.",
        "messages did not leave this week: the people were never asked. Ask for consent at the checkout.",
        number,
    )
    return Suggestion("consent", number, said, "/messages/?status=refused", _("See which"), "messages")


def orders_without_rate(now: datetime) -> Suggestion | None:
    """Orders in a currency whose rate nobody has stored add nothing to revenue."""
    number = _number(
        "SELECT count(*) FROM shop_order WHERE total_converted IS NULL AND placed_at > %s", [now - timedelta(days=30)]
    )
    if not number:
        return None
    said = ngettext(
        "order of this month is in a currency without a rate and is missing in revenue.",
        "orders of this month are in a currency without a rate and are missing in revenue.",
        number,
    )
    return Suggestion("rates", number, said, "/orders/", _("See the orders"), "revenue")


def good_customers_gone_quiet(now: datetime) -> Suggestion | None:
    """Those who used to buy well and have not come for long, while no segment holds them."""
    quiet = ("at_risk", "cant_lose")
    if Segment.objects.filter(recipe__in=("at-risk", "cannot-lose"), archived_at=None).exists():
        return None
    people = sum(cell.customers for cell in rfm.grid() if cell.group in quiet)
    if not people:
        return None
    said = ngettext(
        "good customer has become quiet. A segment tells you when more do, and whom to write to.",
        "good customers have become quiet. A segment tells you when more do, and whom to write to.",
        people,
    )
    return Suggestion("quiet", people, said, "/segments/rfm/", _("See who they are"), "segments")


def sender_missing(now: datetime) -> Suggestion | None:
    """Mail that leaves needs a sender that the shop owns."""
    if shop().sender_email or not Journey.objects.filter(status=Journey.Status.LIVE).exists():
        return None
    number = Journey.objects.filter(status=Journey.Status.LIVE).count()
    said = ngettext(
        "journey is live, but the shop has no sender address yet.",
        "journeys are live, but the shop has no sender address yet.",
        number,
    )
    return Suggestion("sender", number, said, "/settings/", _("Set the sender"), "send")


SUGGESTERS: list[Suggester] = [
    left_carts,
    sender_missing,
    orders_without_rate,
    good_customers_gone_quiet,
    refused_messages,
]


def _number(query: str, parameters: list[datetime]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return int(cursor.fetchone()[0])
