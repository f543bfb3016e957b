"""Rows for the tests of this app, written the way the other apps write them."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from karibu.messages.models import Message, Template, Visit
from karibu.shop.models import Order

UTC_ZONE = ZoneInfo("UTC")


def make_order(
    order_id: str,
    *,
    customer: int,
    at: datetime,
    total: str = "20.00",
    refunded: str = "0",
    status: str = "placed",
    channel: str = "web",
) -> Order:
    """The order of that id, as it stands now."""
    worth = {"total": Decimal(total), "total_converted": Decimal(total)}
    less = {"refunded": Decimal(refunded), "refunded_converted": Decimal(refunded)}
    order, _ = Order.objects.update_or_create(
        order_id=order_id,
        defaults={
            "customer_id": customer,
            "placed_at": at,
            "updated_at": at,
            "currency": "USD",
            "status": status,
            "channel": channel,
            **worth,
            **less,
        },
    )
    return order


def make_message(
    *, customer: int, sender: str = "journey:1", status: str = "sent", at: datetime | None = None
) -> Message:
    template, _ = Template.objects.get_or_create(key="cart", defaults={"name": "Cart", "subject": "s", "body": "b"})
    moment = at or datetime.fromisoformat("2026-03-01T00:00:00Z")
    return Message.objects.create(
        key=f"test:{Message.objects.count()}",
        customer_id=customer,
        template=template,
        topic="offers",
        is_marketing=True,
        sender=sender,
        status=status,
        due_at=moment,
        created_at=moment,
        sent_at=moment if status == "sent" else None,
    )


def make_click(message: Message, at: datetime, *, is_machine: bool = False, kind: str = "clicked") -> Visit:
    return Visit.objects.create(message=message, kind=kind, at=at, is_machine=is_machine)
