"""The pages: each says what it shows, asks before it changes, and does what its buttons say."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.customers.timeline import read as timeline
from karibu.journeys import actions
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.story import sends, story, waits
from karibu.journeys.timeline import panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey() -> Journey:
    return actions.publish(actions.create("Abandoned cart", abandoned_cart(), by="test"), by="test")


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_an_empty_installation_offers_the_recipes(marketer):
    page = text(marketer, "/journeys/")
    assert "No journey yet" in page and "Publish journey" in page
    assert "wait until nothing more has happened for 1 hour" in page


def test_a_recipe_is_live_after_one_click(marketer):
    answer = marketer.post("/journeys/recipes/abandoned-cart/", {"publish": "1"})
    made = Journey.objects.get()
    assert answer.headers["Location"] == f"/journeys/{made.pk}/"
    assert (made.status, made.version, made.recipe) == ("live", 1, "abandoned-cart")
    page = text(marketer, f"/journeys/{made.pk}/")
    assert "Pause journey" in page and f'hx-get="/insights/journeys/{made.pk}/"' in page
    assert "in use" in text(marketer, "/journeys/recipes/") and "recipe__sentence" not in text(marketer, "/journeys/")


def test_a_recipe_may_be_opened_as_a_draft_first(marketer):
    marketer.post("/journeys/recipes/abandoned-cart/")
    made = Journey.objects.get()
    assert made.status == "draft"
    assert "Not published yet" in text(marketer, f"/journeys/{made.pk}/")
    marketer.post(f"/journeys/{made.pk}/publish/")
    made.refresh_from_db()
    assert made.status == "live"


def test_pausing_and_resuming(marketer, journey):
    marketer.post(f"/journeys/{journey.pk}/pause/")
    assert Journey.objects.get().status == "paused"
    marketer.post(f"/journeys/{journey.pk}/resume/")
    assert Journey.objects.get().status == "live"


def test_a_changed_wait_stays_a_draft_until_it_is_published_for_somebody(marketer, journey):
    form = {"step-0-length": "45", "step-0-unit": "minutes", "step-0-quiet": "on"}
    marketer.post(f"/journeys/{journey.pk}/steps/0/", form)
    page = text(marketer, f"/journeys/{journey.pk}/")
    assert "The draft differs from what is live" in page
    journey.refresh_from_db()
    assert journey.definition["steps"][0] == {"wait": {"minutes": 45, "quiet": True}}
    assert journey.version == 1
    marketer.post(f"/journeys/{journey.pk}/publish/", {"inside": "before"})
    journey.refresh_from_db()
    assert journey.version == 2 and not actions.has_changes(journey)


@pytest.mark.parametrize(
    "wait", [{"seconds": 1}, {"minutes": 90}, {"hours": 24}, {"days": 3650}, {"hours": 1, "minutes": 30}, {"hours": 36}]
)
def test_a_wait_that_is_opened_and_saved_is_the_same_wait(marketer, wait):
    definition = abandoned_cart()
    definition["steps"][0] = {"wait": wait}
    made = actions.create("Any", definition, by="test")
    before = actions.parse(made.definition).steps[0].length
    form = marketer.get(f"/journeys/{made.pk}/").context["track"].cards[0].form
    marketer.post(f"/journeys/{made.pk}/steps/0/", {f"step-0-{name}": value for name, value in form.initial.items()})
    made.refresh_from_db()
    assert actions.parse(made.definition).steps[0].length == before


def test_a_wait_that_cannot_be_is_shown_again_with_what_is_wrong_and_nothing_is_saved(marketer, journey):
    answer = marketer.post(f"/journeys/{journey.pk}/steps/0/", {"step-0-length": "9999", "step-0-unit": "days"})
    assert answer.status_code == 422 and "at most 3650 days" in answer.content.decode()
    journey.refresh_from_db()
    assert journey.definition == abandoned_cart()


def test_the_cards_count_who_waits_who_passed_and_who_left(marketer, journey):
    story(
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(hours=1),
        sends("Product Added", cart_id="c-2", by="brian"),
        sends("Product Added", cart_id="c-3", by="grace"),
        sends("Order Completed", cart_id="c-3", by="grace"),
    )
    page = marketer.get(f"/journeys/{journey.pk}/")
    cards = page.context["track"].cards
    assert [(c.numbers.waiting, c.numbers.passed, c.numbers.left) for c in cards] == [(1, 1, 1), (0, 1, 0)]
    assert [c.why for c in cards] == [[("ordered", 1)], []]
    assert "Left: " in page.content.decode()


def test_the_list_of_people_says_where_each_is_and_why(marketer, journey):
    story(
        sends("Product Added", cart_id="c-1", by="amina"),
        sends("Product Added", cart_id="c-2", by="brian"),
        sends("Order Completed", cart_id="c-2", order_id="1042", by="brian"),
    )
    page = text(marketer, f"/journeys/{journey.pk}/people/")
    assert "Amina" in page and "wait until nothing more has happened for 1 hour" in page
    assert "Left: ordered 1042" in page
    only = text(marketer, f"/journeys/{journey.pk}/people/?status=left")
    assert "Brian" in only and "Amina" not in only
    assert "Amina" in text(marketer, f"/journeys/{journey.pk}/people/?q=c-1")


def test_those_set_aside_can_be_tried_again(marketer, journey):
    told = story(sends("Product Added", cart_id="c-1"))
    Enrollment.objects.update(status="failed", reason="ValueError: x", due_at=None, ended_at=told.now)
    assert "Try those set aside again" in text(marketer, f"/journeys/{journey.pk}/people/")
    marketer.post(f"/journeys/{journey.pk}/people/retry/")
    assert Enrollment.objects.get().status == "active"


@pytest.mark.parametrize("action", ["publish", "pause", "resume", "steps/0", "people/retry"])
def test_an_agent_looks_but_does_not_touch(agent, journey, action):
    page = text(agent, f"/journeys/{journey.pk}/")
    assert "Pause journey" not in page and "Save step" not in page
    assert agent.post(f"/journeys/{journey.pk}/{action}/").status_code == 403
    assert agent.post("/journeys/recipes/abandoned-cart/").status_code == 403
    assert Journey.objects.get().status == "live"


def test_a_stranger_is_asked_to_sign_in(client, journey):
    assert client.get("/journeys/").status_code == 302
    assert client.get(f"/journeys/{journey.pk}/").status_code == 302


@pytest.mark.parametrize("action", ["publish", "pause", "resume", "steps/0", "people/retry"])
def test_nothing_changes_by_looking(marketer, journey, action):
    assert marketer.get(f"/journeys/{journey.pk}/{action}/").status_code == 405


def test_the_customers_timeline_and_panel_tell_the_way(marketer, journey):
    told = story(
        sends("Product Added", cart_id="c-1"),
        waits(minutes=5),
        sends("Order Completed", cart_id="c-1", order_id="1042"),
        sends("Product Added", cart_id="c-2"),
    )
    amina = Customer.objects.get(pk=told.person("amina"))
    sentences = [entry.sentence for entry in timeline([amina.pk], None, 10, kind="journeys")]
    assert sentences[-1] == "Entered <b>Abandoned cart</b> with cart c-1"
    assert "Left <b>Abandoned cart</b> with cart c-1: ordered 1042" in sentences
    assert "Entered <b>Abandoned cart</b> with cart c-2" in sentences and len(sentences) == 3
    runs = panel(amina, [amina.pk])["runs"]
    assert [run.key for run, _where in runs] == ["c-2", "c-1"]
    assert "Left: ordered 1042" in text(marketer, f"/customers/{amina.pk}/")
    assert panel(Customer.objects.create(created_at=timezone.now()), [0]) is None


def test_people_are_put_in_by_hand_on_the_page_of_people(marketer):
    raw = {"entry": {"by_hand": True}, "steps": [{"wait": {"days": 1}}]}
    journey = actions.create("By hand", raw, by="test")
    path = f"/journeys/{journey.pk}/people/"
    amina, joao, thandi = (
        Customer.objects.create(name=name, email=f"{name}@example.com", is_anonymous=False, created_at=timezone.now())
        for name in ("amina", "joao", "thandi")
    )

    def puts_in(who: str) -> str:
        return marketer.post(f"{path}put-in/", {"who": who}, follow=True).content.decode()

    assert "Put in by hand" not in text(marketer, path)
    assert "1 not let in" in puts_in("amina@example.com") and not Enrollment.objects.exists()
    actions.publish(journey, by="test")
    assert "Put in by hand" in text(marketer, path)
    page = puts_in(f"AMINA@example.com, {joao.pk} nobody@example.com")
    assert "2 put in." in page and "Nobody is known by: nobody@example.com" in page
    page = puts_in(f"{amina.pk} thandi@example.com")  # once only
    assert "1 put in." in page and "1 not let in" in page
    assert set(Enrollment.objects.values_list("customer_id", flat=True)) == {amina.pk, joao.pk, thandi.pk}
    actions.pause(journey, by="test")
    assert "Put in by hand" not in text(marketer, path)
