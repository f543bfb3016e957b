"""GET and HEAD change nothing, at any address, for whoever asks (PAINS 28)."""

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.collect.models import RejectedEvent, Source
from karibu.customers.models import Customer
from karibu.imports.models import Import
from karibu.journeys.actions import create
from karibu.journeys.models import Journey
from karibu.journeys.recipes import abandoned_cart
from karibu.messages import send, tokens
from karibu.messages.actions import Intent, intend
from karibu.messages.models import Link, Mail, Message
from karibu.shop.models import Order, Product
from karibu.web.actions import sign_in_path
from karibu.web.models import User
from tests.permissions import Address, addresses

pytestmark = pytest.mark.django_db
# A session is the visitor's own state; a visit is noted where a mail's link leads through us; a day's count is kept.
MAY_BE_WRITTEN = {"django_session", "messages_visit", "insights_visitorday"}
WITHOUT_END = ("stream", "arriving")
KINDS = {
    "customers/": Customer,
    "orders/": Order,
    "products/": Product,
    "messages/": Message,
    "mailbox/": Mail,
    "journeys/": Journey,
    "imports/": Import,
    "events/rejected/": RejectedEvent,
    "settings/sources/": Source,
}


@pytest.fixture
def shop(lake) -> Message:
    """One of everything: a person with an order and a mail, a journey, a draft of an import, a set-aside event."""
    line = {"product_id": "p1", "name": "Mug", "price": 12, "quantity": 1, "currency": "USD"}
    known = {"userId": "u1", "timestamp": timezone.now().isoformat()}
    take_in(
        [
            {"type": "identify", **known, "traits": {"email": "zuri@example.com", "marketing_consent": True}},
            {"type": "track", "event": "Product Added", **known, "properties": {"cart_id": "c1", **line}},
            {"type": "track", "event": "Order Completed", **known,
             "properties": {"order_id": "o1", "total": 12, "currency": "USD", "products": [line]}},
            {"type": "track", **known},
        ],
        create_source("Site"),
    )  # fmt: skip
    drain_all()
    create("Carts", abandoned_cart(), by="a test")
    Import.objects.create(kind="customers", filename="x.csv", path="x.csv", status="done", format=FORMAT)
    person = Customer.objects.get().pk
    key = {"key": "k", "template_key": "cart-reminder", "sender": "journey:1", "context": {"cart_id": "c1"}}
    [number] = intend([Intent(customer_id=person, **key)])
    send.send_due()
    Link.objects.get_or_create(message_id=number, position=0, defaults={"url": "https://duka.example/"})
    return Message.objects.get(pk=number)


FORMAT = {"type": "csv", "columns": ["email"], "encoding": "utf-8", "separator": ",", "header_row": 0}


def written() -> dict[str, int]:
    """Rows that this transaction has written, by table; raw cursors and triggers count too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return {name: rows for name, rows in cursor.fetchall() if name not in MAY_BE_WRITTEN}


def path_of(address: Address, message: Message, owner: User) -> str:
    if address.route.startswith("m/"):
        purpose = address.route[2]
        return address.path().replace("/x", f"/{tokens.sign(purpose, message.pk, 0)}")
    if address.route == "sign-in/<str:token>/":
        return sign_in_path(owner)
    path = address.path().replace("/templates/x/", "/templates/cart-reminder/").replace("/x.csv", "/orders.csv")
    for start, kind in KINDS.items():
        if path.removeprefix("/api/v1").startswith(f"/{start}") and kind.objects.exists():
            path = path.replace("/1/", f"/{kind.objects.latest('pk').pk}/", 1)
            path = path if not path.endswith("/1") else f"{path[:-1]}{kind.objects.latest('pk').pk}"
    return path


def test_no_address_writes_a_row_when_it_is_read(shop: Message, client: Client) -> None:
    owner = User.objects.create_user("owner@example.test", role="owner")
    client.force_login(owner)
    shown = 0
    for address in addresses():
        if any(word in address.route for word in WITHOUT_END) or "GET" not in (address.methods or ("GET",)):
            continue
        path = path_of(address, shop, owner)
        for method in ("GET", "HEAD"):
            before = written()
            answer = client.generic(method, path)
            if answer.streaming:
                b"".join(answer)
            assert answer.status_code < 500, path
            assert written() == before, f"{method} {path} writes"
            shown += answer.status_code == 200
    assert shown > 80  # most are real pages, not "not found"
