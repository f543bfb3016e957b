"""A definition says what is wrong and where, and can say itself."""

import pytest

from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.recipes import RECIPES, abandoned_cart

ENTRY = {"event": "Product Added", "key": "cart_id"}
STEPS = [{"wait": {"hours": 1}}, {"send": {"template": "cart-reminder"}}]


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({}, "$"),
        ({"entry": ENTRY, "steps": []}, "$.steps"),
        ({"entry": ENTRY, "steps": STEPS * 51}, "$.steps"),
        ({"entry": {"event": []}, "steps": STEPS}, "$.entry.event"),
        ({"entry": {"event": "X", "keys": "a"}, "steps": STEPS}, "$.entry"),
        ({"entry": {"event": 7}, "steps": STEPS}, "$.entry.event"),
        ({"entry": {**ENTRY, "where": [{"property": "a", "op": "is like"}]}, "steps": STEPS}, "$.entry.where[0].op"),
        (
            {"entry": {**ENTRY, "where": [{"property": "a", "op": "in", "value": 3}]}, "steps": STEPS},
            "$.entry.where[0].value",
        ),
        ({"entry": {"event": "X"}, "reentry": "per_key", "steps": STEPS}, "$.reentry"),
        ({"entry": ENTRY, "reentry": "sometimes", "steps": STEPS}, "$.reentry"),
        ({"entry": ENTRY, "reentry": {"after_days": 0}, "steps": STEPS}, "$.reentry.after_days"),
        ({"entry": {"event": "X"}, "exit": [{"event": "Y", "same_key": True}], "steps": STEPS}, "$.exit[0].same_key"),
        ({"entry": ENTRY, "steps": [{"wait": {"hours": 1}, "send": {"template": "x"}}]}, "$.steps[0]"),
        ({"entry": ENTRY, "steps": [{"fly": {}}]}, "$.steps[0]"),
        ({"entry": ENTRY, "steps": [{"wait": {"weeks": 1}}]}, "$.steps[0].wait"),
        ({"entry": ENTRY, "steps": [{"wait": {"hours": "one"}}]}, "$.steps[0].wait.hours"),
        ({"entry": ENTRY, "steps": [{"wait": {"hours": -1}}]}, "$.steps[0].wait.hours"),
        ({"entry": ENTRY, "steps": [{"wait": {}}]}, "$.steps[0].wait"),
        ({"entry": ENTRY, "steps": [{"wait": {"days": 3651}}]}, "$.steps[0].wait"),
        ({"entry": ENTRY, "steps": [*STEPS, {"send": {"channel": "email"}}]}, "$.steps[2].send"),
        ({"entry": ENTRY, "steps": [{"send": {"template": ""}}]}, "$.steps[0].send.template"),
        ({"entry": ENTRY, "steps": [{"send": {"template": "x", "channel": "pigeon"}}]}, "$.steps[0].send.channel"),
    ],
)
def test_what_cannot_run_is_refused_with_its_path(definition, path):
    with pytest.raises(DefinitionError) as caught:
        parse(definition)
    assert caught.value.path == path and caught.value.sentence


def test_reentry_is_per_key_where_there_is_a_key_and_never_where_there_is_none():
    assert parse({"entry": ENTRY, "steps": STEPS}).reentry == "per_key"
    assert parse({"entry": {"event": "Signed Up"}, "steps": STEPS}).reentry == "never"


def test_the_abandoned_cart_says_itself():
    assert parse(abandoned_cart()).sentence() == (
        "When someone puts something into a cart, takes something out of a cart, looks at a cart or starts a "
        "checkout (once for each cart): wait until nothing more has happened for 1 hour, then send “cart reminder” "
        "by e-mail. Whoever orders (the same cart) leaves."
    )


def test_conditions_and_days_stand_in_the_sentence():
    said = parse(
        {
            "entry": {"event": "Gift Wrapped", "where": [{"property": "value", "op": "gte", "value": 20}]},
            "reentry": {"after_days": 30},
            "steps": [{"wait": {"days": 1, "minutes": 30}}, {"send": {"template": "thanks"}}],
        }
    ).sentence()
    assert said == (
        "When someone does “Gift Wrapped” where value is at least 20 (again after 30 days at the earliest): "
        "wait 1 day 30 minutes, then send “thanks” by e-mail."
    )


@pytest.mark.django_db
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_can_run(recipe):
    assert parse(recipe.definition()).steps
