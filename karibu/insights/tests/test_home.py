"""Home: what is going on, what to do next, and what is wrong, all from this shop's data."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from karibu.collect.models import RejectedEvent
from karibu.customers.models import Customer
from karibu.events.tests.making import NOON, append, event
from karibu.insights import live, moments, suggestions, today
from karibu.insights.models import LaneMoments
from karibu.insights.tests.shop import make_message
from karibu.journeys.models import Enrollment, Journey
from karibu.shop.models import Cart, Product
from karibu.web.actions import create_user
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db
Import = apps.get_model("imports", "Import")  # the app above this one


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    today.forget()
    suggestions.forget()


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(create_user("owner@example.com"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def steps_done(client: Client) -> list[str]:
    return [step.name for step in client.get("/").context["steps"] if step.is_done]


def test_an_empty_installation_says_what_to_do_first(page: Client) -> None:
    answer = page.get("/")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert [step.name for step in answer.context["steps"]] == ["connect", "import", "journey", "sender"]
    assert steps_done(page) == []
    assert text.count("button--primary") == 1  # the first open step
    assert "Nobody is here yet" in text
    assert answer.context["troubles"] == [] and answer.context["suggestions"] == []


def test_the_first_steps_tick_themselves_off_and_go_away(page: Client, lake: object) -> None:
    append(event())
    assert steps_done(page) == ["connect"]
    Import.objects.create(kind="customers", filename="a.csv", path="a", status="done")
    assert steps_done(page) == ["connect", "import"]
    Journey.objects.create(name="Cart", recipe="abandoned-cart", status="live")
    assert steps_done(page) == ["connect", "import", "journey"]
    Shop.objects.create(pk=1, sender_email="shop@example.com")
    assert page.get("/").context["steps"] == []


def left_cart(number: int) -> Customer:
    customer = Customer.objects.create(name=f"C{number}", email=f"c{number}@example.com", created_at=timezone.now())
    now = timezone.now() - timedelta(days=1)
    Cart.objects.create(cart_id=f"cart{number}", customer_id=customer.pk, created_at=now, updated_at=now, value=9)
    return customer


def test_left_carts_suggest_the_recipe_until_it_is_on(page: Client) -> None:
    left_cart(1)
    left_cart(2)
    (suggestion,) = page.get("/").context["suggestions"]
    assert (suggestion.name, suggestion.number) == ("carts", 2)
    assert "people left a cart this week" in page.get("/").content.decode()
    Journey.objects.create(name="Cart", recipe="abandoned-cart", status="live")
    Shop.objects.create(pk=1, sender_email="shop@example.com")
    assert suggestions.worth_doing() == []


def test_at_most_three_things_are_suggested() -> None:
    def suggester(now: object) -> suggestions.Suggestion:
        return suggestions.Suggestion("x", 1, "x", "/", "x", "cart")

    before = [*suggestions.SUGGESTERS]
    suggestions.SUGGESTERS[:] = [suggester] * 5
    try:
        assert len(suggestions.worth_doing()) == 3
    finally:
        suggestions.SUGGESTERS[:] = before


def test_health_is_silent_until_something_is_wrong(page: Client) -> None:
    assert page.get("/").context["troubles"] == []
    late = timezone.now() - timedelta(minutes=3)
    make_message(customer=1, status="intended", at=late)
    make_message(customer=2, status="intended", at=timezone.now() - timedelta(minutes=1))
    RejectedEvent.objects.create(source_id=1, received_at=timezone.now(), field="name", reason="r", body="{}")
    Import.objects.create(kind="customers", filename="people.csv", path="a", status="failed")
    found = {trouble.name: trouble for trouble in page.get("/").context["troubles"]}
    assert [*found] == ["messages", "import", "rejected"]  # the worst first
    assert found["messages"].sentence == "1 message is late, by 3 min."
    assert "people.csv" in page.get("/").content.decode()


def test_each_journey_in_which_people_wait_too_long_is_named(page: Client) -> None:
    now = timezone.now()
    slow, calm, off = (Journey.objects.create(name=name, status="live") for name in ("Carts", "Welcome", "Off"))
    Journey.objects.filter(pk=off.pk).update(status="paused")
    for journey, late, people in ((slow, 5, 3), (calm, 1, 1), (off, 9, 1)):
        for n in range(people):
            known = {"key": str(n), "slot": f"{journey.pk} {n}", "due_at": now - timedelta(minutes=late)}
            Enrollment.objects.create(
                journey=journey, version=1, customer_id=n, arrived_at=now, entered_at=now, **known
            )
    [found] = page.get("/").context["troubles"]
    assert found.sentence == "3 people wait in “Carts” by up to 5 min longer than planned."
    assert found.url == f"/journeys/{slow.pk}/"


def moment(customer: int = 0, name: str = "Product Viewed", **more: str) -> live.Moment:
    return live.Moment(int(NOON.timestamp() * 1000), customer, name, **more)


def test_moments_are_sentences_with_a_name_or_a_place() -> None:
    aline = Customer.objects.create(name="Aline", created_at=NOON)
    visitor = Customer.objects.create(city="Kigali", created_at=NOON)
    loser = Customer.objects.create(name="Old", created_at=NOON, merged_into=aline.pk)
    stranger = Customer.objects.create(timezone="America/Sao_Paulo", created_at=NOON)
    erased = Customer.objects.create(name="Gone", created_at=NOON, erased_at=NOON)
    Product.objects.create(product_id="basket", name="Agaseke basket", updated_at=NOON)
    rows = moments.rows(
        [
            moment(aline.pk, "Product Added", product="basket"),
            moment(visitor.pk, product="basket"),
            moment(loser.pk, "Order Completed", value="54.90", currency="USD"),
            moment(erased.pk, "Something 100% New"),
            moment(stranger.pk, "Products Searched"),
            moment(),
        ]
    )
    assert [f"{row.who} {row.did}" for row in rows] == [
        "Aline put Agaseke basket into the cart",
        "Someone in Kigali looked at Agaseke basket",
        "Aline ordered for 54.90 USD",
        "Someone Something 100% New",
        "Someone near Sao Paulo searched",
        "Someone looked at a product",
    ]


def test_names_from_outside_are_shown_as_text(page: Client) -> None:
    customer = Customer.objects.create(name="<script>x</script>", created_at=NOON)
    kept = [[int(NOON.timestamp() * 1000), customer.pk, "<b>Odd</b>", "", "", ""]]
    LaneMoments.objects.create(lane=0, moments=kept)
    for text in (page.get("/").content.decode(), page.get("/live/now/").json()["moments"]):
        assert "&lt;script&gt;x" in text and "&lt;b&gt;Odd" in text
        assert "<b>Odd" not in text and "<script>x" not in text


def test_the_home_page_asks_few_questions(page: Client, django_assert_max_num_queries: object) -> None:
    page.get("/")
    with django_assert_max_num_queries(45):  # type: ignore[operator]
        page.get("/")
