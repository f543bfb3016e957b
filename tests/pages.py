"""Every page of the product, read off the URL conf, each with an address that shows something."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Model, QuerySet
from django.test import Client
from django.utils import timezone

from karibu.campaigns.models import Campaign
from karibu.collect.models import RejectedEvent, Source
from karibu.consents import links
from karibu.consents.models import Confirmation, Erasure, Suppression, Topic
from karibu.customers.models import Customer, Merge, Suggestion
from karibu.events import log
from karibu.growth.models import SignUp
from karibu.imports.models import Import
from karibu.journeys.models import Journey, Rehearsal
from karibu.messages import tokens
from karibu.messages.channels.email.models import Pace, SigningKey
from karibu.messages.channels.models import Account, Delivery, Post, Webhook
from karibu.messages.models import Link, Mail, Message, Picture
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool, Order, Product, Rate
from karibu.web.actions import sign_in_path
from karibu.web.models import Token, User
from tests.permissions import API, Address

BASELINE = Path(__file__).with_name("pages.txt")
WITHOUT_END = ("stream", "arriving")  # answers that go on for as long as somebody listens
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\{(?:\w+:)?(\w+)\}|\(\?P<(\w+)>[^)]*\)")
# What tells more than the latest of its kind; words that are no number.
QUERIES = {"search/": "?q=a", "shop/search/": "?q=coffee"}
Example = Callable[[str], str]


@dataclass(frozen=True)
class Page:
    """One address that answers GET with HTML; `statements` is how many it asks of PostgreSQL."""

    route: str
    statements: int

    def __str__(self) -> str:
        return f"/{self.route}: {self.statements}"


def listed() -> dict[str, int]:
    """The committed list: each page's route with the number of its statements."""
    lines = (line.rpartition(": ") for line in BASELINE.read_text().splitlines())
    return {route.removeprefix("/"): int(number) for route, _, number in lines}


def path_of(address: Address, owner: User) -> str:
    """The address with an example for each of its parameters. Raises LookupError where there is none yet."""
    route = address.route.strip("^$")
    short = route.removeprefix(API)
    example = next(made for start, made in _examples(owner).items() if short.startswith(start))
    path = PARAMETER.sub(lambda found: example(next(filter(None, found.groups()))), route)
    return f"/{path}{QUERIES.get(route, '')}"


def is_page(client: Client, path: str) -> bool:
    """Whether GET shows a page of HTML there (no action, no data, no redirect)."""
    answer = client.get(path)
    return answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


def _examples(owner: User) -> Mapping[str, Example]:
    """By the beginning of the route; the first that fits. A table, as long as there are routes."""
    return {
        "customers/merges/": _latest(Merge),
        "customers/suggestions/": _latest(Suggestion, verdict="apart"),
        "customers/": _buyer,
        "merges/": _latest(Merge),
        "orders/": _latest(Order),
        "coupons/": _latest(CouponPool),
        "products/": _latest(Product),
        "campaigns/": _campaign,
        "journeys/recipes/": _words(key="abandoned-cart"),
        "journeys/<int:pk>/rehearsals/": _rehearsal,
        "journeys/{pk}/rehearsals": _rehearsal,
        "journeys/<int:pk>/steps/": _first_of(_every_step, position="13"),  # its branch
        "journeys/": _first_of(_every_step),
        "insights/journeys/": _first(Journey),
        "insights/": _words(metric="orders"),
        "metrics/": _words(metric="orders"),
        "imports/": _latest(Import),
        "events/rejected/": _latest(RejectedEvent),
        "events/": _event,
        "messages/reach/": _buyer,
        "messages/templates/": _words(key="cart-reminder", number="1"),
        "messages/": _first_of(lambda: Message.objects.filter(pk__in=Link.objects.values("message"))),
        "mailbox/": _first_of(lambda: Mail.objects.filter(message_id__isnull=False)),
        "segments/recipes/": _words(key="vip"),
        "segments/<int:pk>/past/<str:day>/": _first_of(_found_segments, day=timezone.localdate().isoformat()),
        "segments/": _first_of(_found_segments),
        "settings/sources/": _latest(Source),
        "growth/forms/": _latest(SignUp),
        "p/": _latest(SignUp, slug="letters-0"),
        "forms/": _latest(SignUp, slug="letters-0"),
        "preferences/": lambda name: links.sign(links.PREFERENCES, int(_buyer(name))),
        "confirm/": lambda name: links.sign(links.CONFIRM, int(_latest(Confirmation)(name))),
        "settings/topics/": _latest(Topic, key="news"),
        "settings/suppressions/": _latest(Suppression),
        "erasures/": _latest(Erasure),
        "settings/webhooks/deliveries/": _latest(Delivery),
        "settings/webhooks/": _latest(Webhook),
        "posts/": _latest(Post),
        "settings/channels/": _words(kind="sms", pk="1"),
        "settings/mail/keys/": _latest(SigningKey),
        "settings/mail/paces/": _latest(Pace),
        "hooks/": lambda name: _one(Account, name),
        "settings/rates/": _latest(Rate),
        "settings/colleagues/": _latest(User),
        "settings/tokens/": _latest(Token),
        "shop/": _words(slug="clothing", product_id="kiondo-bag"),
        "m/p/": _picture,
        "m/c/": _signed(tokens.CLICK),
        "m/o/": _signed(tokens.OPEN),
        "m/s/": _signed(tokens.SURVEY),
        "m/u/": _signed(tokens.UNSUBSCRIBE),
        "m/v/": _signed(tokens.VIEW),
        "sign-in/": lambda name: sign_in_path(owner).split("/")[2],
        "static/": _words(path="karibu.css"),
        "": _words(),
    }


def _found_segments() -> Any:
    return Segment.objects.filter(size__isnull=False).order_by("pk")


def _words(**words: str) -> Example:
    return lambda name: words[name]


def _latest(kind: type[Model], **words: str) -> Example:
    return _first_of(lambda: kind._default_manager.order_by("-pk"), **words)


def _first(kind: type[Model]) -> Example:
    return _first_of(lambda: kind._default_manager.order_by("pk"))


def _first_of(rows: Callable[[], Any], **words: str) -> Example:
    def example(name: str) -> str:
        found = rows().values_list("pk", flat=True).first()
        if found is None:
            raise LookupError(name)
        return words.get(name) or str(found)

    return example


def _every_step() -> QuerySet[Journey]:
    return Journey.objects.filter(name="Every step 0")


def _buyer(name: str) -> str:
    """Who has ordered and been written to has the fullest page."""
    written = Message.objects.filter(status="sent").values("customer_id")
    buyers = Customer.objects.filter(merged_into=None, erased_at=None).order_by("-orders", "pk")
    found = buyers.filter(pk__in=written).first() or buyers.first()
    if found is None:
        raise LookupError(name)
    return str(found.pk)


def _campaign(name: str) -> str:
    """One that was sent to the most people; its first template, its first arm."""
    found = Campaign.objects.filter(begun_at__isnull=False).order_by("-audience", "pk").first()
    if found is None:
        raise LookupError(name)
    return {"letter": "A", "arm": "0"}.get(name, str(found.pk))


def _rehearsal(name: str) -> str:
    """The newest of which somebody would have entered."""
    found = Rehearsal.objects.order_by("-done", "-pk").first()
    if found is None:
        raise LookupError(name)
    return str(found.journey_id if name == "pk" else found.pk)


def _one(kind: type[Model], name: str) -> str:
    """A column of the first there is."""
    found = kind._default_manager.order_by("pk").values_list(name, flat=True).first()
    if found is None:
        raise LookupError(name)
    return str(found)


def _picture(name: str) -> str:
    return str(Picture.objects.values_list(name, flat=True).first())


def _event(name: str) -> str:
    rows = log.query(
        "SELECT time, message_id FROM events WHERE name = 'Order Completed' ORDER BY time LIMIT 1"
    ).to_pylist()
    if not rows:
        raise LookupError(name)
    time = rows[0]["time"]
    return str(round(time.timestamp() * 1_000_000)) if name == "microseconds" else rows[0]["message_id"]


def _signed(purpose: str) -> Example:
    def example(name: str) -> str:
        message = _first_of(lambda: Message.objects.filter(pk__in=Link.objects.values("message")))(name)
        return tokens.sign(purpose, int(message), 0)

    return example
