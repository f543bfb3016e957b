"""Hostile names on every page, forms from elsewhere, policies: mechanically, for each address there is."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Value
from django.db.models.functions import Cast, Concat
from django.test import Client

from karibu.collect.actions import create_source, take_in
from karibu.collect.drain import drain_all
from karibu.customers.models import Customer
from karibu.messages.models import Template
from karibu.web import actions
from karibu.web.models import User
from tests.pages import WITHOUT_END, path_of
from tests.permissions import addresses
from tests.world import fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]

EVIL = "=zq\"'><zq onerror=alert(1)>{{ 7|add:42 }}{% now %}</script><!--"
EVIL_URL = "javascript:alert('zq')"
MARKUP = re.compile(r"<zq|</script><!--|zq49")
SCRIPT_URL = re.compile(r"""(?:href|src|action|formaction|hx-\w+)\s*=\s*["']?\s*javascript:""", re.IGNORECASE)
# Columns that hold no words of anybody: what the code itself wrote there, or keys to look something up by.
KEYS = {"kind", "status", "key", "slot", "channel", "currency", "country", "language", "timezone", "digest", "role",
        "password", "write_key", "method", "step", "sender", "merged_into", "recipe", "owner", "path", "zone", "value",
        "order_id", "product_id", "cart_id", "body", "text", "basis", "message_id", "anonymous_id", "reason", "email",
        "recipient", "actor", "by", "trouble", "bucket", "type", "claimed_by", "decided_by", "hour",
        "hours", "version",
        }  # fmt: skip
REASONS = {"collect.rejectedevent", "imports.rejectedrow", "customers.merge", "journeys.enrollment", "imports.import"}
# Posted by mail programs (RFC 8058), providers and forms on the shop's own pages, or from a page that a mail leads to:
# a signed word or a secret in the address is the permission, no session is used.
OPEN_TO_STRANGERS = ("m/u/", "m/s/", "preferences/", "confirm/", "hooks/", "forms/", "p/")


def poison() -> None:
    """Every column that holds words from outside, and events whose every part does."""
    for model in apps.get_models():
        if not model.__module__.startswith("karibu.") or model is Template:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.CharField | models.TextField) and not field.unique and not field.choices:
                label = f"{model._meta.label_lower}"
                if field.name not in KEYS or (field.name == "reason" and label in REASONS):
                    evil = EVIL_URL if field.name in ("url", "image_url", "cart_url") else EVIL
                    room = field.max_length or 1000
                    own = Concat(Value(evil), Cast("pk", models.TextField()))  # some are unique together with others
                    model._default_manager.update(**{field.name: own if room > 99 else evil[:room]})
    Template.objects.update(name=EVIL)
    buyer = Customer.objects.filter(orders__gt=0, erased_at=None).order_by("-orders").first()
    assert buyer
    _events(buyer)


def _events(buyer: Customer) -> None:
    external = buyer_ids(buyer)
    who = {"userId": external, "anonymousId": EVIL}
    said = {name: EVIL for name in ("name", "title", "query", "coupon", "category", "campaign", "note")}
    product = {"product_id": EVIL, "name": EVIL, "price": 1, "quantity": 1, "url": EVIL_URL, "image_url": EVIL_URL}
    properties = {**said, **product, "url": EVIL_URL, "referrer": EVIL_URL, "products": [product], "cart_id": EVIL}
    page = {"url": EVIL_URL, "referrer": EVIL_URL, "title": EVIL, "path": EVIL}
    context = {"page": page, "userAgent": EVIL, "campaign": {"source": EVIL, "name": EVIL}, "locale": EVIL}
    names = [EVIL, "Product Viewed", "Product Added", "Products Searched", "Coupon Applied", "Checkout Started",
             "Product List Viewed", "Cart Viewed"]  # fmt: skip
    events = [{"type": "track", "event": name, **who, "properties": properties, "context": context} for name in names]
    events += [{"type": "page", **who, "name": EVIL, "properties": properties, "context": context}]
    events += [{"type": "identify", **who, "traits": {EVIL: EVIL, "name": EVIL, "city": EVIL, "email": EVIL}}]
    events += [{"type": "track", **who, "event": "", EVIL: EVIL}]
    take_in(events, create_source(f"{EVIL}!"))
    drain_all()


def buyer_ids(buyer: Customer) -> str:
    from karibu.customers.models import Identity

    return Identity.objects.filter(customer_id=buyer.pk, kind="external").values_list("value", flat=True)[0]


@pytest.fixture
def owner(tmp_path: Path) -> User:
    fill(tmp_path, 6, 1)
    return User.objects.create_user("owner@example.test", name="Amina Uwase", role="owner")


@pytest.mark.slow
def test_no_page_prints_what_people_are_called_as_markup_or_as_a_link_that_runs(owner: User) -> None:
    paths = [path_of(a, owner) for a in addresses() if not a.methods and not _endless(a.route)]
    poison()
    client, seen, faults = Client(raise_request_exception=False), 0, []
    client.force_login(owner)
    for path in paths:
        for query in ("", "?format=csv"):
            answer = client.get(path + (query if "?" not in path else query.replace("?", "&")))
            said = _text(answer)
            seen += "zq" in said
            if answer.status_code >= 500:
                faults.append(f"{path}: {answer.status_code}")
            if answer.headers["Content-Type"].startswith("text/html"):
                faults += [f"{path}: …{said[m.start() - 60 : m.end() + 40]}…" for m in MARKUP.finditer(said)][:2]
                faults += [f"{path}: {m[0]}" for m in SCRIPT_URL.finditer(said)][:1]
            if "csv" in answer.headers["Content-Type"]:
                faults += [f"{path} CSV: {cell}" for cell in re.findall(r'(?:^|,)"?(=zq.{10})', said, re.MULTILINE)][:1]
    assert not faults, "\n".join(faults)
    assert seen > 40, f"the words were looked for on pages that do not show them ({seen})"


def test_every_answer_carries_the_policy(owner: User) -> None:
    colleague, stranger = Client(), Client()
    colleague.force_login(owner)
    for address in addresses():
        if address.methods or _endless(address.route):
            continue
        client = stranger if address.who == "everyone" else colleague
        answer = client.get(path_of(address, owner))
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy and "script-src" not in policy and "object-src" in policy, address
        assert "default-src 'self'" in policy or "default-src 'none'" in policy, address
        if "unsafe-inline" in policy:  # a mail's own styles; nothing in it runs
            assert "default-src 'none'" in policy and "style-src 'unsafe-inline'" in policy, address
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), address
        framed = answer.headers["X-Frame-Options"]
        assert framed == "DENY" or "/body/" in address.route, address


def test_no_form_is_taken_from_elsewhere(owner: User) -> None:
    """Every POST, PUT, PATCH and DELETE with a colleague's session and without the token of our own form."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(owner)
    for address in addresses():
        if address.route.startswith(OPEN_TO_STRANGERS) or _endless(address.route):
            continue
        for method in set(address.methods or ("POST",)) - {"GET"}:
            answer = client.generic(method, path_of_call(address, owner), b"{}", "application/json")
            assert answer.status_code in (403, 405), f"{method} {address}: {answer.status_code}"


def path_of_call(address: Any, owner: User) -> str:
    try:
        return path_of(address, owner)
    except (LookupError, StopIteration):
        return address.path()


def test_a_sign_in_gives_a_new_session_and_its_link_dies_with_a_new_password(client: Client) -> None:
    user = actions.create_user("amina@example.test")
    client.get("/sign-in/")
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    first, second = actions.sign_in_path(user), actions.sign_in_path(user)
    assert client.post(first).status_code == 302
    assert client.session.session_key != before
    assert Client().post(second).status_code == 410  # of two links only one is used
    user.refresh_from_db()
    third = actions.sign_in_path(user)
    user.set_password("a long enough secret")
    user.save()
    assert Client().post(third).status_code == 410


def test_another_persons_session_is_not_taken_over(client: Client) -> None:
    amina, ben = actions.create_user("amina@example.test"), actions.create_user("ben@example.test")
    client.post(actions.sign_in_path(amina))
    client.session["draft"] = "amina's"
    before = client.session.session_key
    client.post(actions.sign_in_path(ben))
    assert client.session.session_key != before and "draft" not in client.session


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/", "//evil.test/", "/\\evil.test/", "javascript:alert(1)", "http:evil.test", "/\t/evil.test"],
)
def test_no_address_leads_elsewhere(client: Client, target: str) -> None:
    user = actions.create_user("amina@example.test")
    assert client.post(actions.sign_in_path(user), {"next": target}).headers["Location"] == "/"
    back = client.post("/events/rejected/retry/", {"next": target}).headers["Location"]
    assert back == "/events/rejected/"


def _endless(route: str) -> bool:
    return any(word in route for word in WITHOUT_END)


def _text(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")
