"""A crowd that agreed to hear from the shop, in segments, and a campaign to it; and the steps that send one."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from karibu.campaigns import actions, engine
from karibu.campaigns.models import Campaign
from karibu.consents.models import Consent
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import Message, Template
from karibu.segments.models import Member, Segment
from karibu.web.models import Shop

BY = "meg@shop.test"


def people(number: int, *, agreed: bool = True, **fields: Any) -> list[int]:
    now = timezone.now()
    start = Customer.objects.count()
    made = Customer.objects.bulk_create(
        Customer(name=f"P{n}", email=f"p{n}@example.com", is_anonymous=False, created_at=now, **fields)
        for n in range(start, start + number)
    )
    known = {"channel": "email", "status": "given", "method": "form", "source": "shop", "strength": 40, "at": now}
    if agreed:
        Consent.objects.bulk_create(Consent(customer_id=one.pk, **known) for one in made)
    return [one.pk for one in made]


def segment(name: str, members: list[int]) -> Segment:
    """As if it had been built just now; its definition is of no matter here."""
    now = timezone.now()
    made = Segment.objects.create(
        name=name, definition={"trait": "name", "op": "exists"}, created_at=now, created_by=BY, updated_at=now,
        size=len(members), built_at=now,
    )  # fmt: skip
    Member.objects.bulk_create([Member(segment_id=made.pk, customer_id=one, since=now) for one in members])
    return made


def template(key: str = "spring", **fields: Any) -> Template:
    known = {"name": key.capitalize(), "subject": "Spring", "body": '<p>Hello <a href="{{ shop.url }}">shop</a></p>'}
    Shop.objects.update_or_create(pk=1, defaults={"name": "Duka", "url": "https://duka.example/", "address": "Kigali"})
    made, _ = Template.objects.update_or_create(key=key, defaults={**known, **fields})
    return made


def campaign(*include: Segment, **plan: Any) -> Campaign:
    template()
    known = {"include": [one.pk for one in include], "templates": ["spring"], "holdout": 0}
    return actions.create(plan.pop("name", "Spring"), by=BY, **{**known, **plan})


def launched(*include: Segment, **plan: Any) -> Campaign:
    return actions.launch(campaign(*include, **plan), by=BY)


def run(limit: int = 500) -> None:
    """Until nothing more is due: the campaigns' loop and the senders' by turns."""
    for _ in range(limit):
        busy = engine.advance(timezone.now()) == 0
        sent = send.send_due()
        if not busy and not sent:
            return
    raise AssertionError("it does not come to an end")


def fates(one: Campaign) -> dict[str, int]:
    """How many messages stand at each status, with the reason of those that did not leave."""
    found: dict[str, int] = {}
    for status, reason in Message.objects.filter(sender=one.sender).values_list("status", "reason"):
        word = f"{status} {reason}".strip() if status not in ("sent", "delivered") else "sent"
        found[word] = found.get(word, 0) + 1
    return found


def again(one: Campaign) -> Campaign:
    one.refresh_from_db()
    return one


HOUR = timedelta(hours=1)
