"""Events of a small shop, told in one line each, and the stage run over them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from karibu.customers.models import Customer
from karibu.events.batch import Batch
from karibu.events.commerce import promote
from karibu.events.event import Event, as_json
from karibu.shop.stage import keep_shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def customer(**fields: Any) -> int:
    return Customer.objects.create(created_at=NOON, **fields).pk


def told(
    who: int, event: str, minute: float = 0, /, message: str = "", *, import_id: int = 0, **properties: Any
) -> Event:
    """An event of customer `who`, `minute` minutes after noon; `properties` as a shop sends them."""
    made = Event(
        message_id=message or f"{event}-{minute}-{who}", type="track", name=event,
        time=NOON + timedelta(minutes=minute),
        received_at=NOON, source_id=1, source="web shop", properties_json=as_json(properties),
        customer_id=who, import_id=import_id,
    )  # fmt: skip
    promote(made)
    return made


def happens(*events: Event) -> None:
    """The events go through the shop stage in one batch."""
    with connection.cursor() as cursor:
        keep_shop(Batch(list(events), NOON, cursor.cursor))


def line(product: object, price: object, quantity: object = 1, **more: Any) -> dict[str, Any]:
    return {"product_id": product, "price": price, "quantity": quantity, **more}
