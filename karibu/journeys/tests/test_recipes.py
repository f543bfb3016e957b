"""Every recipe: published in two clicks, and a fitting person goes all the way and gets its mails in their language."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from django.db import connection
from django.test import Client

from karibu.customers.models import Customer
from karibu.events import tail
from karibu.events.batch import Batch
from karibu.journeys import clock, doors
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.react import react
from karibu.journeys.recipes import RECIPES
from karibu.journeys.steps.wait_rhythm import WaitRhythm
from karibu.journeys.story import Step, Story, sends, story, waits
from karibu.messages import content, facts, starters
from karibu.messages.models import Message, Wording
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool, Order, Product
from karibu.web.actions import create_user
from karibu.web.models import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
ORDER = {"order_id": "1042", "product_id": "mat"}


def enters_the_segment() -> Step:
    """The person is among the members of the segment that the journey waits for, from now on."""

    def step(told: Story) -> None:
        segment, nobody = Segment.objects.get(), pa.array([], pa.int64())
        doors.segment_changed(connection.cursor(), segment.pk, pa.array([told.person("amina")]), nobody, told.now)

    return step


def ordered(*ago: int) -> Step:
    """Orders so many days ago; the next one is about to come."""

    def step(told: Story) -> None:
        moments = [told.now - timedelta(days=n) for n in ago] + [told.now]
        known = {"customer_id": told.person("amina"), "total": 9, "currency": "USD"}
        for n, at in enumerate(moments):
            Order.objects.create(order_id=f"o-{n}", placed_at=at, updated_at=at, **known)
        Customer.objects.filter(pk=told.person("amina")).update(orders=len(moments))

    return step


def has_a_birthday_tomorrow() -> Step:
    def step(told: Story) -> None:
        born = (told.now + timedelta(days=1)).replace(year=1992)
        Customer.objects.filter(pk=told.person("amina")).update(traits={"birthday": f"{born:%Y-%m-%d}"})
        for _ in range(4):  # a system that was off catches up with one day at most
            told.now += timedelta(hours=12)
            clock.look(told.now)

    return step


def changes(**to: object) -> Step:
    """The product is no longer what it was."""

    def step(told: Story) -> None:
        Product.objects.filter(product_id="mat").update(**to)
        while clock.look(told.now) == 0:
            pass

    return step


def days(count: int) -> list[Step]:
    """One after the other: what is due in the morning of one of them happens then."""
    return [waits(days=1)] * count


def answers(score: int) -> list[Step]:
    return [sends("Order Completed", **ORDER), *days(22), sends("Survey Answered", scale="score", score=score)]


WAYS: dict[str, tuple[Sequence[Step], list[str]]] = {
    "welcome-series": ([sends("Signed Up"), *days(4)], ["welcome", "welcome-popular"]),
    "abandoned-cart": ([sends("Product Added", cart_id="c-1"), waits(hours=1)], ["cart-reminder"]),
    "abandoned-cart-whatsapp": (
        [sends("Product Added", cart_id="c-1"), waits(hours=1), waits(days=1)],
        ["cart-reminder", "cart-whatsapp"],
    ),
    "abandoned-browse": ([sends("Product Viewed", product_id="mat"), waits(hours=4)], ["browse-reminder"]),
    "abandoned-search": ([sends("Products Searched", query="kiondo"), waits(hours=20)], ["search-help"]),
    "lead-nurturing": (
        [sends("Signed Up"), *[sends("Product Viewed", product_id=f"p{n}") for n in range(5)], *days(12)],
        ["lead-guide", "lead-help"],
    ),
    "order-thanks": ([sends("Order Completed", **ORDER), *days(8)], ["order-thanks", "order-howto"]),
    "review-request": (
        [sends("Order Completed", **ORDER), *days(15), sends("Product Reviewed", product_id="mat")],
        ["review-request", "review-thanks"],
    ),
    "goes-with": ([sends("Order Completed", **ORDER), *days(6)], ["goes-with"]),
    "nps": ([*answers(3), *days(3)], ["nps", "nps-sorry"]),
    "win-back": (
        [sends("Order Completed", **ORDER), waits(hours=1), *[waits(days=30), *days(2)] * 3],
        ["win-back-30", "win-back-60", "win-back-90"],
    ),
    "replenishment": (
        [ordered(50, 30, 8), sends("Order Completed", **ORDER), waits(hours=1), waits(days=22), *days(2)],
        ["refill"],
    ),
    "vip": ([enters_the_segment(), *days(2)], ["vip-thanks"]),
    "birthday": ([has_a_birthday_tomorrow()], ["birthday"]),
    "sunset": ([enters_the_segment(), *days(1), waits(days=14)], ["still-there"]),
    "back-in-stock": (
        [sends("Product Viewed", product_id="mat"), changes(properties={"stock": 0}), changes(properties={"stock": 5})],
        ["back-in-stock"],
    ),
    "price-drop": ([sends("Product Viewed", product_id="mat"), changes(price=Decimal(80))], ["price-drop"]),
}


@pytest.fixture
def marketer() -> Client:
    client = Client()
    user = create_user("m@example.com", role="marketer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def known_by_column(batch: Batch) -> None:
    """As the pipeline does: the address of an event has a column of its own in the log."""
    for event in batch.events:
        event.url = str(event.properties.get("url", ""))


@pytest.fixture
def told() -> Story:
    Shop.objects.update_or_create(pk=1, defaults={"name": "Duka", "url": "https://duka.example/", "currency": "USD"})
    told = Story(stages=(known_by_column, react, tail.append))
    Product.objects.create(
        product_id="mat", name="Mat", price=Decimal(100), currency="USD", updated_at=told.now, properties={"stock": 9}
    )
    return told


def published(marketer: Client, key: str) -> Journey:
    """Gallery, then one click."""
    gallery = marketer.get("/journeys/recipes/").content.decode()
    assert f'action="/journeys/recipes/{key}/"' in gallery
    marketer.post(f"/journeys/recipes/{key}/", {"publish": "1"})
    journey = Journey.objects.get()
    assert (journey.status, journey.version, journey.recipe) == ("live", 1, key)
    return journey


def templates() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("template__key", flat=True))


def test_every_recipe_has_its_way_here():
    assert sorted(WAYS) == sorted(RECIPES)


@pytest.mark.parametrize("key", RECIPES)
def test_a_fitting_person_goes_all_the_way_and_reads_it_in_their_language(marketer, told, key):
    published(marketer, key)
    steps, expected = WAYS[key]
    story(*steps, told=told)
    assert templates() == expected
    assert list(Enrollment.objects.values_list("status", flat=True)) == ["finished"]
    for message in Message.objects.select_related("template"):
        form = content.compiled(message.template_id, message.template.version)
        said = _said(form, message, "en")
        for language in starters.LANGUAGES:
            theirs = _said(form, message, language)
            assert theirs.text != said.text and bool(theirs.subject) == bool(said.subject), (
                message.template.key,
                language,
            )
            assert not re.search(r"\{\{|\{%|\bNone\b| ,", theirs.subject + theirs.text), theirs.text
            assert theirs.links == said.links


def _said(form: content.Compiled, message: Message, language: str) -> content.Content:
    customer = Customer.objects.get(pk=message.customer_id)
    customer.language = language
    known = facts.gather([message], {message.customer_id: customer})[message.id]
    return content.render_tracked(form, known, message.id)


@pytest.mark.parametrize(("score", "then"), [(10, "nps-thanks"), (9, "nps-thanks"), (8, None), (0, "nps-sorry")])
def test_who_is_content_is_thanked_and_who_is_not_is_asked_why(marketer, told, score, then):
    published(marketer, "nps")
    story(*answers(score), *days(3), told=told)
    assert templates() == (["nps", then] if then else ["nps"])


def test_the_rhythm_is_the_median_between_orders_and_who_has_none_waits_the_length_given(told):
    story(ordered(50, 30, 8), told=told)
    step = WaitRhythm()
    someone = told.person("joao")
    dues = step.dues([told.person("amina"), someone], [told.now, told.now])
    assert [due - told.now for due in dues] == [timedelta(days=18), timedelta(days=60)]


def test_an_order_ends_the_win_back_and_begins_the_next(marketer, told):
    published(marketer, "win-back")
    order: Callable[[str], Step] = lambda number: sends("Order Completed", order_id=number)  # noqa: E731
    story(order("1"), waits(hours=1), waits(days=20), order("2"), waits(days=20), told=told)
    assert [(run.key, run.status) for run in Enrollment.objects.order_by("pk")] == [("1", "left"), ("2", "active")]
    assert templates() == []


def test_who_wakes_up_before_the_sunset_keeps_their_mail(marketer, told):
    published(marketer, "sunset")
    story(enters_the_segment(), waits(days=1), sends("Message Clicked", url="https://duka.example/"), told=told)
    assert Enrollment.objects.get().status == "left" and templates() == ["still-there"]


def test_a_recipe_that_waits_for_something_says_what_and_where_to_get_it(marketer):
    page = marketer.get("/journeys/recipes/").content.decode()
    assert "events called Products Searched; none has come in lately." in page and "/settings/sources/" in page
    assert "birthdays; nobody has told you theirs yet." in page


def test_the_segment_of_a_recipe_is_made_once(marketer):
    for _ in range(2):
        marketer.post("/journeys/recipes/vip/")
    first, second = Journey.objects.order_by("pk")
    segment = Segment.objects.get()
    assert segment.recipe == "vip" and segment.name == "VIP"
    assert first.definition["entry"] == second.definition["entry"] == {"segment": segment.pk}


def test_its_sentence_names_the_segment_before_it_is_made():
    assert RECIPES["vip"].sentence().startswith("When someone enters the segment “VIP” ")


@pytest.mark.parametrize("language", starters.LANGUAGES)
def test_every_template_of_a_recipe_is_worded_in(language):
    for key in {key for _steps, keys in WAYS.values() for key in keys}:
        starters.plant(key)
        wording = Wording.objects.get(template__key=key, language=language)
        template = wording.template
        assert wording.text and (template.channel != "email" or (wording.subject and wording.preheader)), key
        if template.blocks:
            assert [block["kind"] for block in wording.blocks] == [block["kind"] for block in template.blocks], key
            pairs = zip(template.blocks, wording.blocks, strict=True)
            same = {ours.get("text", "") for ours, theirs in pairs if ours.get("text") == theirs.get("text")}
            assert not [words for words in same if words], key


def test_the_thank_you_for_a_review_carries_a_coupon_of_the_pool_for_reviews(marketer, told):
    CouponPool.objects.create(name="Summer sale", fallback="SUN", created_at=told.now)
    pool = CouponPool.objects.create(name="Thanks for reviews", fallback="THANKS10", created_at=told.now)
    published(marketer, "review-request")
    story(*WAYS["review-request"][0], told=told)
    thanks = Message.objects.select_related("template").get(template__key="review-thanks")
    assert thanks.context["coupon_pool"] == pool.pk
    form = content.compiled(thanks.template_id, thanks.template.version)
    assert all("THANKS10" in _said(form, thanks, language).text for language in ("en", *starters.LANGUAGES))
