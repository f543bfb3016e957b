"""A journey asks a program of the shop's own: it waits for the answer, and for none for ever."""

import json
from datetime import timedelta
from typing import Any

import pytest

from karibu.customers.models import Customer
from karibu.journeys import actions, calls
from karibu.journeys.definition import DefinitionError
from karibu.journeys.models import Call, Enrollment, Journey
from karibu.journeys.story import Story, expects, expects_messages, sends, story, waits
from karibu.journeys.tests.programs import Program
from karibu.messages.channels import guard
from karibu.messages.channels.webhook import compose
from karibu.messages.models import Message, Template

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def templates() -> None:
    for key in ("one", "two"):
        Template.objects.create(key=key, name=key, subject=key, body="Hello", is_marketing=False)


def send(key: str) -> dict[str, Any]:
    return {"send": {"template": key}}


def live(url: str, *behind: dict[str, Any], **more: Any) -> Journey:
    step = {"webhook": {"url": url, **more}, "ways": {"answered": [send("one")], "failed": [send("two")]}}
    definition = {"entry": {"event": "Signed Up"}, "steps": [step, *behind]}
    return actions.publish(actions.create("Asking", definition, by="test"), by="test")


def test_the_answer_is_known_to_the_run_from_then_on(program: Program):
    program.answers = [(200, json.dumps({"tier": "gold", "points": 7, "deep": {"x": 1}, "no": None}).encode())]
    check = {
        "check": {"entry": {"property": "reply.tier", "op": "is", "value": "gold"}},
        "ways": {"yes": [send("two")]},
    }
    journey = live(program.url, check)
    told = story(sends("Signed Up", order_id="7"), expects_messages(0), expects("active", 1, step=0))
    assert calls.ask(told.now) == 0
    told.advance()
    messages = list(Message.objects.order_by("id"))
    assert [m.template.key for m in messages] == ["one", "two"]
    assert messages[0].context["reply"] == {"tier": "gold", "points": 7}
    assert not Call.objects.exists() and "_called" not in Enrollment.objects.get().context
    [(headers, body)] = program.heard
    assert body["data"]["customer"] == {"id": told.person("amina")} and body["data"]["context"] == {"order_id": "7"}
    stamp, number = headers["webhook-timestamp"], headers["webhook-id"]
    told_again = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    signed = compose.signature(calls.secret(journey.pk), number, stamp, told_again)
    assert headers["webhook-signature"] == f"v1,{signed}"


def test_the_person_is_named_only_where_the_step_says_so(program: Program):
    live(program.url, with_person=True)
    told = Story()
    Customer.objects.filter(pk=told.person("amina")).update(email="amina@example.com")
    story(sends("Signed Up"), told=told)
    calls.ask(told.now)
    assert program.heard[0][1]["data"]["customer"]["email"] == "amina@example.com"


def test_a_server_in_trouble_is_asked_again_under_the_same_id(program: Program):
    program.answers = [(503, b""), (429, b""), (200, b"[1, 2]")]
    live(program.url)
    told = story(sends("Signed Up"))
    for seconds in (0, 6, 61):
        told.now += timedelta(seconds=seconds)
        calls.ask(told.now)
        told.advance()
    assert [m.template.key for m in Message.objects.all()] == ["one"]
    assert len({headers["webhook-id"] for headers, _body in program.heard}) == 1 and len(program.heard) == 3


@pytest.mark.parametrize(("status", "times"), [(404, 1), (302, 1), (500, 4)])
def test_a_refusal_takes_the_other_way(program: Program, status: int, times: int):
    program.answers = [(status, b"no")]
    live(program.url)
    told = story(sends("Signed Up"))
    for _ in range(5):
        told.now += timedelta(minutes=2, seconds=50)
        calls.ask(told.now)
        told.advance()
    assert [m.template.key for m in Message.objects.all()] == ["two"] and len(program.heard) == times


def test_one_that_never_answers_holds_the_person_for_a_quarter_of_an_hour_and_no_longer():
    """Nobody runs the loop: as if each call hung."""
    journey = live("https://example.com/ask")
    told = story(sends("Signed Up"), waits(minutes=14), expects_messages(0), waits(minutes=1), expects_messages(1))
    assert [m.template.key for m in Message.objects.all()] == ["two"] and not Call.objects.exists()
    assert Enrollment.objects.get(journey=journey).status == "finished"
    assert calls.ask(told.now) == calls.IDLE


def test_an_answer_that_drips_does_not_hold_the_loop(program: Program, monkeypatch: pytest.MonkeyPatch):
    program.drips = True
    monkeypatch.setattr(guard, "READ", 0.3)
    live(program.url)
    told = story(sends("Signed Up"))
    calls.ask(told.now)
    assert program.was_left.wait(60)
    told.advance()
    assert [m.template.key for m in Message.objects.all()] == ["one"]


def test_an_answer_of_any_size_is_kept_small(program: Program):
    program.answers = [(200, json.dumps({f"k{n}": "x" * 5000 for n in range(2)}).encode() + b" " * 500_000)]
    live(program.url)
    told = story(sends("Signed Up"))
    calls.ask(told.now)
    told.advance()
    context = Message.objects.get().context
    assert len(json.dumps(context)) < 5000
    many = calls.kept({f"k{n}": "x" * 5000 for n in range(200)})
    assert len(many) == calls.MOST and {len(value) for value in many.values()} == {calls.LONGEST}


def test_who_left_is_not_asked_about(program: Program):
    live(program.url)
    told = story(sends("Signed Up"))
    Enrollment.objects.update(status="left", due_at=None)
    calls.ask(told.now)
    assert program.heard == [] and not Call.objects.exists()


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/x", "http://127.0.0.1:1/x", "https://[::1]/x", "http://93.184.216.34/x"]
)
def test_a_private_address_is_refused_at_publishing(url: str):
    with pytest.raises(DefinitionError) as caught:
        live(url)
    assert caught.value.path == "$.steps[0].webhook.url"


def test_a_name_that_leads_into_a_private_network_is_not_gone_to(program: Program, settings: Any):
    live(program.url.replace("127.0.0.1", "localhost"))
    told = story(sends("Signed Up"))
    settings.KARIBU_WEBHOOK_NETWORKS = ""
    calls.ask(told.now)
    told.advance()
    assert program.heard == [] and [m.template.key for m in Message.objects.all()] == ["two"]
