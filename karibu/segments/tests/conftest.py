"""Colleagues, and people to be grouped."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.segments.models import Member, Segment, Size
from karibu.segments.tests.living import Story
from karibu.web.models import Shop

EVERYBODY = {"all": [{"trait": "email", "op": "exists"}]}


@pytest.fixture
def person(db: None) -> Callable[..., Customer]:
    """`person("Amina", country="RW")`: a known customer."""

    def make(name: str, **fields: Any) -> Customer:
        email = f"{name.lower().replace(' ', '.')}@example.com"
        known = {"name": name, "email": email, "is_anonymous": False, "created_at": timezone.now(), **fields}
        return Customer.objects.create(**known)

    return make


@pytest.fixture
def segment(db: None) -> Callable[..., Segment]:
    """`segment("VIP", amina, juma)`: a segment that these customers are in."""

    def make(name: str, *members: Customer, definition: Any = EVERYBODY, since: datetime | None = None) -> Segment:
        now = timezone.now()
        made = Segment.objects.create(
            name=name, definition=definition, created_at=now, updated_at=now, created_by="test", size=len(members)
        )
        rows = [Member(segment_id=made.pk, customer_id=one.pk, since=since or now) for one in members]
        Member.objects.bulk_create(rows)
        Size.objects.create(segment_id=made.pk, day=now.date(), members=len(members))
        return made

    return make


@pytest.fixture
def story(send: Any) -> Story:
    """What people do, minute by minute, and who is in which segment."""
    Shop.objects.update_or_create(pk=1, defaults={"timezone": "Africa/Kigali"})
    return Story(send)
