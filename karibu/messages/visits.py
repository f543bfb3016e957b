"""Visits: people and machines that follow a message's links and load its picture.

A visit is written when it comes, and judged a first time. A moment later, when its neighbours have come too, the loop
"visits" judges it for good; a person's click or open then enters the event log.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from karibu.collect.actions import create_source
from karibu.collect.lanes import lane_of
from karibu.collect.models import InboxRow
from karibu.customers.models import Identity
from karibu.events.wake import wake
from karibu.messages import links, machines
from karibu.messages.models import Message, Visit

OPENED, CLICKED = "opened", "clicked"
NAMES = {OPENED: "Message Opened", CLICKED: "Message Clicked"}
PATIENCE = timedelta(seconds=15)  # until a visit's neighbours have come
IDLE = 30.0
SOURCE = "Messages"
REMEMBERED = timedelta(days=30)  # which program asked; the verdict stays


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How somebody asked, as far as that says who. `is_bare`: without the headers that every browser sends."""

    method: str
    user_agent: str
    is_bare: bool = False
    is_ahead: bool = False  # a browser that fetches what its person may want next says so


def note(message: Message, kind: str, asking: Asking, position: int | None = None) -> Visit:
    """Writes one visit down; the first of a person marks the message."""
    visit = at_first_sight(message, kind, asking, position)
    now = visit.at
    with transaction.atomic():
        visit.save()
        if not visit.is_machine:
            Message.objects.filter(pk=message.pk, **{f"{kind}_at": None}).update(**{f"{kind}_at": now})
        wake("visits")
    return visit


def at_first_sight(message: Message, kind: str, asking: Asking, position: int | None = None) -> Visit:
    """As it is judged by itself; not written."""
    visit = Visit(message=message, kind=kind, position=position, at=timezone.now(), is_bare=asking.is_bare)
    visit.method, visit.user_agent = asking.method, "" if message.is_erased else asking.user_agent[:500]
    visit.why = machines.AHEAD if asking.is_ahead else machines.at_sight(visit, message.sent_at)
    visit.is_machine, visit.human = bool(visit.why), machines.human(visit)
    return visit


def step() -> float:
    """Judges the visits that are old enough. Returns the seconds until the next one is."""
    if judge():
        return 0
    oldest: datetime | None = Visit.objects.filter(judged_at=None).aggregate(at=Min("at"))["at"]
    if oldest is None:
        return IDLE
    wait: float = (oldest + PATIENCE - timezone.now()).total_seconds()
    return max(0.5, min(IDLE, wait))


def judge(limit: int = 500) -> int:
    """Judges up to `limit` visits for good, in one transaction with the events they become; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        ripe = Visit.objects.filter(judged_at=None, at__lte=now - PATIENCE).order_by("at")
        visits = list(ripe.select_for_update(skip_locked=True)[:limit])
        if not visits:
            return 0
        messages = Message.objects.in_bulk({visit.message_id for visit in visits})
        _judge(visits, messages)
        for visit in visits:
            visit.judged_at = now
        Visit.objects.bulk_update(visits, ["is_machine", "why", "human", "judged_at"])
        _mark(messages)
        told = [(visit, messages[visit.message_id]) for visit in visits if not visit.is_machine]
        _tell([(visit, message) for visit, message in told if not message.is_erased])
    return len(visits)


def forget_programs(now: datetime) -> int:
    """Empties what old visits say of people's programs and devices; returns how many did."""
    old = Visit.objects.filter(at__lt=now - REMEMBERED, judged_at__isnull=False).exclude(user_agent="")
    return old.update(user_agent="")


def _judge(visits: Sequence[Visit], messages: dict[int, Message]) -> None:
    company: dict[int, list[Visit]] = defaultdict(list)
    for visit in Visit.objects.filter(message__in=messages).order_by("at"):
        company[visit.message_id].append(visit)
    targets = links.of(messages)
    caught: dict[int, str] = {}
    for number, together in company.items():
        caught |= machines.in_company(together, len(targets.get(number, ())))
    for visit in visits:
        # What was seen when it came is not all in the row; what was sent meanwhile and who came with it is new.
        sent_at = messages[visit.message_id].sent_at
        visit.why = visit.why or machines.at_sight(visit, sent_at) or caught.get(visit.pk, "")
        visit.is_machine, visit.human = bool(visit.why), machines.human(visit)


def _mark(messages: Iterable[int]) -> None:
    """opened_at and clicked_at are the first visits that are still held to be a person's."""
    people = Q(visits__is_machine=False)
    rows = Message.objects.filter(pk__in=messages).annotate(
        opened=Min("visits__at", filter=people & Q(visits__kind=OPENED)),
        clicked=Min("visits__at", filter=people & Q(visits__kind=CLICKED)),
    )
    for message in rows:
        message.opened_at, message.clicked_at = message.opened, message.clicked
    Message.objects.bulk_update(rows, ["opened_at", "clicked_at"])


def _tell(seen: Sequence[tuple[Visit, Message]]) -> None:
    """People's visits go the way of every event: into the inbox, and from there to the log."""
    if not seen:
        return
    source = create_source(SOURCE, kind="email")
    who = identifiers({message.customer_id for _, message in seen})
    urls = _urls(seen)
    rows = []
    for visit, message in seen:
        event = _event(visit, message, who[message.customer_id], urls.get((message.pk, visit.position), ""))
        lane = lane_of(event.get("userId", ""), event.get("anonymousId", ""))
        body = msgspec.json.encode([event])
        rows.append(
            InboxRow(lane=lane, source_id=source.pk, received_at=timezone.now(), skew_us=0, events=1, body=body)
        )
    InboxRow.objects.bulk_create(rows)
    wake("pipeline")


def _event(visit: Visit, message: Message, identifier: dict[str, Any], url: str) -> dict[str, Any]:
    properties = {
        "message_id": message.pk, "sender": message.sender, "template": message.template_id, "url": url,
        "human": visit.human,
    }  # fmt: skip
    known = {
        "type": "track",
        "event": NAMES[visit.kind],
        "messageId": f"visit-{visit.pk}",
        "timestamp": visit.at.isoformat(),
        "properties": {name: value for name, value in properties.items() if value},
    }
    return {**known, **identifier}


def identifiers(customer_ids: set[int]) -> dict[int, dict[str, Any]]:
    """How an event names each customer: by external id, else by e-mail, else by browser."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    ours = Identity.objects.filter(customer_id__in=customer_ids)
    for customer, kind, value in ours.values_list("customer_id", "kind").annotate(value=Max("value")):
        found[customer][kind] = value
    named: dict[int, dict[str, Any]] = {}
    for customer in customer_ids:
        theirs = found[customer]
        if "external" in theirs:
            named[customer] = {"userId": theirs["external"]}
        elif "email" in theirs:
            named[customer] = {"context": {"traits": {"email": theirs["email"]}}, "anonymousId": f"customer-{customer}"}
        else:
            named[customer] = {"anonymousId": theirs.get("anonymous", f"customer-{customer}")}
    return named


def _urls(seen: Sequence[tuple[Visit, Message]]) -> dict[tuple[int, int | None], str]:
    found = links.of({message.pk for _, message in seen})
    return {(message, position): url for message, urls in found.items() for position, url in urls.items()}


def totals(message_id: int) -> dict[str, int]:
    """Unique and total, people and machines kept apart."""
    rows = Visit.objects.filter(message=message_id).values_list("kind", "is_machine").annotate(n=Count("id"))
    count = {(kind, machine): n for kind, machine, n in rows}
    return {
        "opens": count.get((OPENED, False), 0),
        "clicks": count.get((CLICKED, False), 0),
        "machine_opens": count.get((OPENED, True), 0),
        "machine_clicks": count.get((CLICKED, True), 0),
    }
