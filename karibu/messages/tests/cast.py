"""People, carts and messages for the tests of this app."""

from datetime import UTC, datetime

from django.utils import timezone

from karibu.consents.actions import record_consents
from karibu.consents.statement import Statement
from karibu.customers.models import Customer
from karibu.messages.actions import Intent, intend
from karibu.messages.models import ChannelRules, Message
from karibu.shop.models import Cart
from karibu.web.models import Shop


def the_shop(**fields: object) -> Shop:
    known = {
        "name": "Duka",
        "address": "1 Market Street, Kigali",
        "url": "https://duka.example/",
        "timezone": "Africa/Kigali",
    }
    at_any_hour()
    shop, _ = Shop.objects.update_or_create(pk=1, defaults={**known, "sender_email": "hello@duka.example", **fields})
    return shop


def at_any_hour() -> None:
    """Tests run at night, too: phones may ring unless a test says otherwise."""
    phones = [ChannelRules(channel=kind, by_country=False) for kind in ("sms", "whatsapp", "push", "telegram")]
    ChannelRules.objects.bulk_create(phones, ignore_conflicts=True)


def a_person(name: str = "amina", *, agreed: bool = True, **fields: object) -> Customer:
    known = {"name": name.capitalize(), "email": f"{name}@example.com", "is_anonymous": False}
    person = Customer.objects.create(**{"created_at": timezone.now(), **known, **fields})
    if agreed:
        says(person, "given")
    return person


def says(
    person: Customer, status: str, method: str = "form", at: datetime | None = None, channel: str = "email"
) -> None:
    known = {"customer_id": person.pk, "channel": channel, "status": status, "method": method, "source": "shop"}
    record_consents([Statement(**known, at=at or timezone.now())])


def a_cart(person: Customer, cart_id: str = "c1", **fields: object) -> Cart:
    now = datetime(2026, 3, 1, 9, tzinfo=UTC)
    items = [{"product_id": "p1", "name": "Mug", "price": "12.50", "quantity": 2, "url": "https://duka.example/p/1"}]
    known = {"cart_id": cart_id, "customer_id": person.pk, "items": items, "value": 25, "currency": "USD"}
    return Cart.objects.create(**{**known, "created_at": now, "updated_at": now, **fields})


def wants(
    person: Customer, key: str = "", *, cart: Cart | None = None, template: str = "cart-reminder", **fields: object
) -> Message:
    """An intent for this person, as a row."""
    context = {"cart_id": cart.cart_id} if cart else {}
    known = {"key": key or f"{person.pk}", "template_key": "cart-reminder", "sender": "journey:1", "context": context}
    [number] = intend([Intent(customer_id=person.pk, **{**known, **fields})])
    return Message.objects.get(pk=number)


def fate(message: Message) -> tuple[str, str]:
    """Status and reason, as they stand now."""
    message.refresh_from_db()
    return message.status, message.reason
