"""A shop's developer tells what people do, in a file, and learns whether the journey does what they expect."""

from typing import Any

import pytest
from click.testing import CliRunner

from karibu.config.cli import main
from karibu.journeys import actions
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.rehearsal import script
from karibu.messages.models import Message

pytestmark = pytest.mark.django_db

CARTS = """
journey Abandoned cart

story A cart left alone is reminded of once       # the first of two
  amina does Product Added with cart_id=c-1 name="Canvas shoes"
  wait 59 minutes
  expect no messages to amina
  expect amina inside at step 1
  wait 1 minute
  expect 1 message to amina of cart-reminder
  expect amina finished
  wait 4 weeks 2 days
  expect 1 message to amina

story Whoever orders is not reminded
  joao does Product Added with cart_id=c-2
  wait 30 minutes
  joao does Order Completed with cart_id=c-2 order_id=1042
  wait 2 hours
  expect 0 messages to joao
  expect joao left
  expect thandi outside
"""


@pytest.fixture(autouse=True)
def journey() -> Journey:
    return actions.create("Abandoned cart", abandoned_cart(), by="test")


def told(text: str) -> list[list[tuple[int, str]]]:
    """For each story the lines that did not come true, with what was found."""
    what, stories = script.read(text)
    journey = Journey.objects.get(name=what)
    found = [script.tell(story, journey.pk, journey.definition) for story in stories]
    assert not Enrollment.objects.exists() and not Message.objects.exists()
    return [[(failure.line.number, failure.found) for failure in failures] for failures in found]


def test_stories_that_come_true():
    assert told(CARTS) == [[], []]


def test_what_does_not_come_true_is_said_with_its_line_and_what_was_found():
    wrong = CARTS.replace("wait 59 minutes", "wait 61 minutes").replace("expect joao left", "expect joao finished")
    assert told(wrong) == [
        [(7, "1 so far (cart-reminder)"), (8, "finished at step 3")],
        [(21, "left at step 1 (Order Completed 1042)")],
    ]


def test_a_condition_is_met_by_whom_the_story_says():
    ask = {"branch": {"if": {"rfm": "champions"}}, "ways": {"yes": [{"leave": {"because": "a champion"}}]}}
    steps = [ask, {"send": {"template": "cart-reminder"}}]
    actions.create("Champions", {"entry": {"event": "Signed Up"}, "steps": steps}, by="test")
    story = """
journey Champions
story One of two
  amina meets step 1
  amina does Signed Up
  joao does Signed Up
  expect amina left
  expect 1 message to joao
  expect no messages to amina
"""
    assert told(story) == [[]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("story A", "name a journey"),
        ("journey A\nwait 1 hour", "line 2: begin with"),
        ("journey A\nstory B\n  wait a while", "line 3: “wait a while” says nothing known"),
        ("journey A\nstory B\n  wait 3 fortnights", "line 3"),
    ],
)
def test_a_line_that_says_nothing_known_is_named(text: str, fault: str):
    with pytest.raises(script.Misread, match=fault):
        script.read(text)


def test_the_command_tells_them_and_ends_with_1_when_one_fails(tmp_path: Any):
    file = tmp_path / "carts.story"
    file.write_text(CARTS)
    done = CliRunner().invoke(main, ["journey", "test", str(file)])
    assert (done.exit_code, done.output.splitlines()) == (
        0,
        ["ok      A cart left alone is reminded of once", "ok      Whoever orders is not reminded"],
    )
    file.write_text(CARTS.replace("expect joao left", "expect joao inside"))
    done = CliRunner().invoke(main, ["journey", "test", str(file)])
    assert done.exit_code == 1 and "FAILED  Whoever orders" in done.output and "line 21" in done.output
    file.write_text(CARTS.replace("Abandoned cart", "Nothing"))
    done = CliRunner().invoke(main, ["journey", "test", str(file)])
    assert done.exit_code == 1 and "There is no journey “Nothing”" in done.output
