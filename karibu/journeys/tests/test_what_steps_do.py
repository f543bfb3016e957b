"""Coupons, recommendations, consents, dates, turns, what became of a message: what each step does, and not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from karibu.consents.actions import record_consents
from karibu.consents.models import Confirmation, Consent
from karibu.consents.queries import in_force
from karibu.consents.statement import Statement
from karibu.customers.models import Customer
from karibu.journeys import actions
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.journeys.story import Story, expects, expects_messages, sends, story, waits
from karibu.messages.models import Message, Template
from karibu.shop import coupons
from karibu.shop.models import Coupon, CouponPool, Product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def templates() -> None:
    for key in ("one", "two"):
        Template.objects.create(key=key, name=key, subject=key, body="Hello", is_marketing=False)
    Template.objects.create(key="text", name="text", channel="sms", subject="", body="Hello", is_marketing=False)


def send(key: str) -> dict[str, Any]:
    return {"send": {"template": key}}


def live(*steps: dict[str, Any], **more: Any) -> Journey:
    definition = {"entry": {"event": "Signed Up"}, "steps": list(steps), **more}
    return actions.publish(actions.create("A journey", definition, by="test"), by="test")


def sent(told: Story, name: str = "amina") -> list[Message]:
    return list(Message.objects.filter(customer_id=told.person(name)).select_related("template").order_by("id"))


def keys(told: Story, name: str = "amina") -> list[str]:
    return [message.template.key for message in sent(told, name)]


# --- coupons --------------------------------------------------------------------------------------------------------


def test_each_has_a_coupon_of_their_own_and_an_empty_pool_goes_the_other_way():
    pool = CouponPool.objects.create(name="Welcome")
    coupons.generate(pool, 1, by="test")
    step = {"coupon": {"pool": pool.pk}, "ways": {"given": [send("one")], "none": [send("two")]}}
    live(step)
    told = story(sends("Signed Up"), sends("Signed Up", by="joao"))
    [message] = sent(told)
    code = Coupon.objects.get(customer_id=told.person("amina")).code
    assert message.context["coupon"] == {"code": code} and message.context["coupon_pool"] == pool.pk
    assert keys(told, "joao") == ["two"] and Coupon.objects.count() == 1


def test_the_code_for_everybody_is_better_than_none():
    pool = CouponPool.objects.create(name="Welcome", fallback="KARIBU10")
    live({"coupon": {"pool": pool.pk}}, send("one"))
    [message] = sent(story(sends("Signed Up")))
    assert message.context["coupon"] == {"code": "KARIBU10"}


def test_a_pool_that_is_gone_is_refused_at_publishing_and_later_stops_nobody():
    with pytest.raises(DefinitionError, match="no such coupon pool"):
        live({"coupon": {"pool": 10_000}})
    pool = CouponPool.objects.create(name="Welcome")
    live({"coupon": {"pool": pool.pk}, "ways": {"none": [send("two")]}})
    pool.delete()
    assert keys(story(sends("Signed Up"))) == ["two"]


def test_a_claim_that_is_taken_again_gives_no_second_coupon():
    pool = CouponPool.objects.create(name="Welcome")
    coupons.generate(pool, 5, by="test")
    live({"coupon": {"pool": pool.pk}})
    told = story(sends("Signed Up"), expects("finished", 1))
    Enrollment.objects.update(status="active", step=0, due_at=told.now, ended_at=None)
    told.advance()
    assert Coupon.objects.exclude(claimed_at=None).count() == 1


# --- recommendations ------------------------------------------------------------------------------------------------


def test_products_that_fit_are_known_to_the_messages_behind():
    told = Story()
    for number in range(3):
        Product.objects.create(product_id=f"p{number}", name=f"P{number}", updated_at=told.now)
    _sold(told)
    live({"recommend": {"count": 2}, "ways": {"found": [send("one")], "none": [send("two")]}})
    story(sends("Signed Up"), told=told)
    [message] = sent(told)
    assert message.template.key == "one" and message.context["product_ids"] == ["p0", "p1"]


def _sold(told: Story) -> None:
    from karibu.messages import recommend
    from karibu.shop.models import Order, OrderLine

    for number, times in enumerate((3, 2, 1)):
        for n in range(times):
            order = Order.objects.create(
                order_id=f"{number}-{n}", customer_id=told.person("neema"), placed_at=told.now - timedelta(days=9),
                total=1, currency="USD", updated_at=told.now,
            )  # fmt: skip
            OrderLine.objects.create(order=order, position=0, product_id=f"p{number}")
    recommend.refresh()


def test_a_shop_that_has_sold_nothing_goes_the_other_way():
    live({"recommend": {}, "ways": {"none": [send("two")]}})
    assert keys(story(sends("Signed Up"))) == ["two"]


# --- consents -------------------------------------------------------------------------------------------------------

QUESTION = {"topic": "news", "wording": "Yes, write to me."}
ASK = {"consent": QUESTION, "ways": {"done": [send("one")], "not": [send("two")]}}


def said(told: Story, name: str, status: str, method: str = "form") -> None:
    about = {"customer_id": told.person(name), "channel": "email", "topic": "news", "at": told.now, "source": "test"}
    record_consents([Statement(**about, status=status, method=method)])


@pytest.mark.parametrize("how", ["ask", "note"])
def test_only_who_never_said_anything_is_asked_or_noted(how):
    live({**ASK, "consent": {**QUESTION, "how": how}})
    told = Story()
    for name in ("amina", "joao", "thandi"):
        Customer.objects.filter(pk=told.person(name)).update(email=f"{name}@example.com")
    said(told, "joao", "withdrawn")
    said(told, "thandi", "given")
    story(*(sends("Signed Up", by=name) for name in ("amina", "joao", "thandi")), told=told)
    assert [keys(told, name)[-1] for name in ("amina", "joao", "thandi")] == ["one", "two", "two"]
    ids = [told.person(name) for name in ("amina", "joao", "thandi")]
    in_the_end = in_force(ids, "email", "news")
    assert in_the_end.get(ids[1]) == "withdrawn" and in_the_end[ids[2]] == "given"
    if how == "ask":
        [question] = Confirmation.objects.all()
        assert question.customer_id == ids[0] and question.consents == [["email", "news"]] and ids[0] not in in_the_end
    else:
        row = Consent.objects.get(customer_id=ids[0])
        assert (row.basis, row.wording, row.status) == ("legitimate_interests", "Yes, write to me.", "given")


def test_a_note_never_stands_against_a_withdrawal_that_comes_at_the_same_time_or_later():
    live({**ASK, "consent": {**QUESTION, "how": "note"}})
    told = story(sends("Signed Up"))
    said(told, "amina", "withdrawn")
    assert in_force([told.person("amina")], "email", "news") == {told.person("amina"): "withdrawn"}


# --- dates and turns ------------------------------------------------------------------------------------------------


def test_somebody_waits_for_their_date_and_who_has_none_goes_on_at_once():
    wait = {"wait_date": {"trait": "renewal", "days": -3, "every": "once", "at": "10:00"}}
    live({**wait, "ways": {"came": [send("one")], "unknown": [send("two")]}})
    told = Story(now=datetime(2026, 3, 1, 12, tzinfo=UTC))
    dates = {"amina": "2026-03-10", "joao": "2026-03-01", "thandi": "2026-02-30", "neema": None, "kofi": ["x"]}
    for name, date in dates.items():
        traits = {} if date is None else {"renewal": date}
        Customer.objects.filter(pk=told.person(name)).update(timezone="Africa/Kigali", traits=traits)
    story(*(sends("Signed Up", by=name) for name in dates), told=told)
    assert [keys(told, name) for name in dates] == [[], ["two"], ["two"], ["two"], ["two"]]
    run = Enrollment.objects.get(customer_id=told.person("amina"))
    assert run.due_at == datetime(2026, 3, 7, 8, tzinfo=UTC)
    Customer.objects.filter(pk=told.person("amina")).update(traits={"renewal": "2026-03-12"})
    told.now = datetime(2026, 3, 7, 8, tzinfo=UTC)
    story(waits(), expects("active", 1, due_at=datetime(2026, 3, 9, 8, tzinfo=UTC)), told=told)
    story(waits(days=2), expects_messages(1), told=told)
    assert keys(told) == ["one"]


def test_at_most_so_many_an_hour_pass_and_nobody_is_lost():
    live({"rate": {"most": 4}}, send("one"))
    told = Story(now=datetime(2026, 3, 1, 12, tzinfo=UTC))
    names = [f"person{n}" for n in range(11)]
    story(*(sends("Signed Up", by=name) for name in names), told=told)
    began = told.now
    while Enrollment.objects.filter(status="active").exists():
        told.now = Enrollment.objects.filter(status="active").earliest("due_at").due_at
        told.advance()
    passed = sorted(Passage.objects.filter(kind="rate").values_list("at", flat=True))
    assert len(passed) == len(names) == Message.objects.count() and passed[-1] - began == timedelta(minutes=150)
    for moment in passed:
        assert sum(moment <= other < moment + timedelta(hours=1) for other in passed) <= 4
    assert all("_turn" not in context for context in Enrollment.objects.values_list("context", flat=True))


def test_after_a_quiet_time_the_next_passes_at_once():
    live({"rate": {"most": 1, "per": "day"}})
    story(
        sends("Signed Up"),
        expects("finished"),
        waits(days=3),
        sends("Signed Up", by="joao"),
        expects("finished", of="joao"),
    )


# --- what became of a message ---------------------------------------------------------------------------------------


def test_the_way_depends_on_what_became_of_the_message():
    steps = [
        send("one"),
        {"wait": {"hours": 1}},
        {"reaction": {"template": "one", "did": "clicked"}, "ways": {"yes": [send("two")]}},
    ]
    live(*steps)
    told = story(sends("Signed Up"), sends("Signed Up", by="joao"))
    Message.objects.filter(customer_id=told.person("amina")).update(clicked_at=told.now)
    Message.objects.filter(customer_id=told.person("joao")).update(opened_at=told.now)
    story(waits(hours=2), told=told)
    assert keys(told) == ["one", "two"] and keys(told, "joao") == ["one"]


def test_another_runs_message_is_not_this_runs():
    again = {"reentry": "always"}
    live(send("one"), {"reaction": {"did": "clicked"}, "ways": {"yes": [send("two")]}}, **again)
    told = story(sends("Signed Up"))
    Message.objects.update(clicked_at=told.now)
    story(waits(hours=1), sends("Signed Up"), told=told)
    assert keys(told) == ["one", "one"]


def test_a_message_goes_by_its_templates_channel():
    journey = live({"send": {"template": "text", "channel": "sms"}})
    [message] = sent(story(sends("Signed Up")))
    assert message.channel == "sms"
    with pytest.raises(DefinitionError, match="another channel"):
        live(send("text"))
    assert "by SMS" in parse(journey.definition).sentence()


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ({"recommend": {"count": 0}}, "recommend.count"),
        ({"rate": {"most": 0}}, "rate.most"),
        ({"rate": {"most": 5, "per": "year"}}, "rate.per"),
        ({"wait_date": {"trait": ""}}, "wait_date.trait"),
        ({"wait_date": {"trait": "x", "days": 4000}}, "wait_date.days"),
        ({"consent": {"wording": ""}}, "consent.wording"),
        ({"consent": {"wording": "Yes", "topic": "*"}}, "consent.topic"),
        ({"consent": {"wording": "Yes", "channel": "sms"}}, "consent.channel"),
        ({"task": {"title": " "}}, "task.title"),
        ({"task": {"title": "x", "within_days": 999}}, "task.within_days"),
        ({"webhook": {"url": "ftp://example.com"}}, "webhook.url"),
        ({"webhook": {"url": "https://"}}, "webhook.url"),
        ({"experiment": {"shares": {"A": 50, "B": 50}, "holdout": "B"}}, "experiment.shares"),
        ({"experiment": {"shares": {"A": 50, "B": 50}, "holdout": "C"}}, "experiment.holdout"),
        ({"experiment": {"shares": {"A": 50, "B": 50}, "certainty": 50}}, "experiment.certainty"),
        ({"wait": {"seconds": 0}}, "wait"),
        ({"wait": {"days": 3651}}, "wait"),
    ],
)
def test_what_cannot_run_is_refused_with_its_path(step, path):
    with pytest.raises(DefinitionError) as caught:
        parse({"entry": {"event": "X"}, "steps": [step]})
    assert caught.value.path == f"$.steps[0].{path}"


def test_what_a_reaction_looks_at_must_be_sent_by_the_journey():
    with pytest.raises(DefinitionError, match="does not send"):
        live(send("one"), {"reaction": {"template": "two"}})
