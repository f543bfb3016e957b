"""The re-entry matrix (PAINS 22): never / always / after N days / per key × inside / finished."""

import pytest

from karibu.journeys import actions
from karibu.journeys.story import expects, sends, story, waits

pytestmark = pytest.mark.django_db


def a_journey(reentry: object) -> None:
    definition = {
        "entry": {"event": "Gift Wrapped", "key": "colour"},
        "reentry": reentry,
        "steps": [{"wait": {"hours": 1}}, {"send": {"template": "cart-reminder"}}],
    }
    actions.publish(actions.create("Wrapped", definition, by="test"), by="test")


CASES = [
    # reentry, state of the first run, enters again under the same key, enters under another key
    ("never", "inside", False, False),
    ("never", "finished", False, False),
    ("always", "inside", False, True),
    ("always", "finished", True, True),
    ({"after_days": 3}, "inside", False, False),
    ({"after_days": 3}, "finished", False, False),
    ("per_key", "inside", False, True),
    ("per_key", "finished", False, True),
]


@pytest.mark.parametrize(("reentry", "state", "same", "other"), CASES)
def test_the_matrix(reentry, state, same, other):
    a_journey(reentry)
    told = story(sends("Gift Wrapped", colour="red"))
    if state == "finished":
        story(waits(hours=1), expects("finished", 1), told=told)
    story(
        sends("Gift Wrapped", colour="red"),
        expects("active", int(same or state == "inside"), key="red"),
        expects("active", int(same), key="red", run=2),
        sends("Gift Wrapped", colour="blue"),
        expects("active", int(other), key="blue"),
        told=told,
    )


def test_after_n_days_the_door_opens_again():
    a_journey({"after_days": 3})
    story(
        sends("Gift Wrapped", colour="red"),
        waits(days=2, hours=23),
        sends("Gift Wrapped", colour="red"),
        expects("finished", 1),
        expects("active", 0),
        waits(hours=1),
        sends("Gift Wrapped", colour="red"),
        expects("active", 1, run=2),
    )


def test_the_same_key_of_two_people_are_two_runs():
    a_journey("per_key")
    story(
        sends("Gift Wrapped", colour="red", by="amina"),
        sends("Gift Wrapped", colour="red", by="brian"),
        expects("active", 1, of="amina"),
        expects("active", 1, of="brian"),
    )
