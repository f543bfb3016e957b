"""What brings people in, and the rules, on the journey's page: chosen, saved, opened again and the same."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from karibu.events.models import EventCount
from karibu.growth.models import SignUp
from karibu.journeys import actions
from karibu.journeys.definition import parse
from karibu.journeys.entries import threshold
from karibu.journeys.forms.entry import DOOR_FORMS, DOORS
from karibu.journeys.models import Journey
from karibu.segments import actions as segments
from karibu.segments.models import Segment

pytestmark = pytest.mark.django_db
STEPS: list[dict[str, Any]] = [{"wait": {"days": 1}}]


@pytest.fixture
def journey() -> Journey:
    return actions.create("Welcome", {"entry": {"event": "Signed Up"}, "steps": STEPS}, by="test")


@pytest.fixture
def segment() -> int:
    return int(segments.create("Rwanda", {"trait": "country", "op": "is", "value": "RW"}, by="test").pk)


def saved(journey: Journey) -> dict[str, Any]:
    journey.refresh_from_db()
    return dict(journey.definition)


def filled(form: Any) -> dict[str, Any]:
    """What a browser sends of a form that nobody touched."""
    shown = {f"{form.prefix}-{name}": value for name, value in form.initial.items()}
    return {name: value for name, value in shown.items() if value is not None and value is not False}


def test_a_journey_begins_on_its_first_card(marketer: Client):
    answer = marketer.post("/journeys/new/", follow=True)
    made = Journey.objects.get()
    assert answer.status_code == 200 and made.status == "draft" and "What brings people in" in answer.content.decode()
    marketer.post(f"/journeys/{made.pk}/name/", {"name": " Birthdays "})
    marketer.post(f"/journeys/{made.pk}/name/", {"name": " "})
    made.refresh_from_db()
    assert made.name == "Birthdays"


def test_every_way_in_can_be_chosen_saved_and_is_the_same(marketer: Client, journey: Journey, segment: int):
    """PAINS 13."""
    SignUp.objects.create(name="Letters", slug="letters", wording="Yes")
    threshold.register("churn", "likelihood to leave")
    assert list(DOORS) == list(DOOR_FORMS)
    for kind in DOORS:
        assert marketer.post(f"/journeys/{journey.pk}/door/", {"kind": kind}).status_code == 302
        before = saved(journey)
        assert parse(before).entry.kind == kind
        form = marketer.get(f"/journeys/{journey.pk}/").context["entry_form"]
        answer = marketer.post(f"/journeys/{journey.pk}/entry/", filled(form))
        assert answer.status_code == 302, (kind, answer.context["entry_form"].errors)
        assert saved(journey) == before
        assert parse({**before, "entry": form_settings(form)}).entry == parse(before).entry, kind
    assert marketer.post(f"/journeys/{journey.pk}/door/", {"kind": "fly"}).status_code == 404


def test_a_segment_in_the_archive_stays_chosen(marketer: Client, journey: Journey, segment: int):
    segments.create("Another", {"trait": "country", "op": "is", "value": "KE"}, by="test")
    definition = {"entry": {"segment": segment}, "steps": STEPS, "goal": {"segment": segment}}
    definition["exit"] = [{"segment": segment, "left": True}]
    actions.edit(journey, definition=definition, by="test")
    segments.archive(Segment.objects.get(pk=segment), by="test")
    shown = marketer.get(f"/journeys/{journey.pk}/")
    assert shown.content.decode().count(f'<option value="{segment}" selected>Rwanda (in the archive)</option>') == 3
    before = saved(journey)
    for name in ("entry", "rules"):
        answer = marketer.post(f"/journeys/{journey.pk}/{name}/", filled(shown.context[f"{name}_form"]))
        assert answer.status_code == 302, answer.context[f"{name}_form"].errors
    assert parse(saved(journey)) == parse(before)


def form_settings(form: Any) -> dict[str, Any]:
    bound = type(form)(filled(form), initial=form.initial, prefix=form.prefix)
    assert bound.is_valid(), bound.errors
    return dict(bound.settings())


def test_a_way_in_that_the_shop_has_nothing_for_is_not_offered(marketer: Client, journey: Journey):
    doors = marketer.get(f"/journeys/{journey.pk}/").context["doors"]
    assert "event" in doors and not {"segment", "left", "schedule", "form"} & set(doors)
    assert marketer.post(f"/journeys/{journey.pk}/door/", {"kind": "schedule"}).status_code == 404


@pytest.mark.parametrize(
    "entry",
    [
        {"event": ["Product Added", "Cart Viewed"], "key": "cart_id"},
        {"event": "X", "where": [{"property": "a", "op": "in", "value": [1, 2]}, {"property": "b", "op": "exists"}]},
        {"date": {"trait": "renewal", "days": -14, "every": "month", "at": "17:45"}},
        {"date": {"trait": "renewal", "days": 3, "every": "once", "at": "00:00"}},
        {"product": {"change": "low_stock", "did": "carted", "within_days": 7, "percent": 9, "at_most": 3}},
    ],
)
def test_what_was_written_is_shown_and_written_again(marketer: Client, journey: Journey, entry: dict[str, Any]):
    """PAINS 13: also after something else was changed on the form."""
    before = actions.edit(journey, definition={"entry": entry, "steps": STEPS}, by="test").definition
    form = marketer.get(f"/journeys/{journey.pk}/").context["entry_form"]
    assert parse({**before, "entry": form_settings(form)}).entry == parse(before).entry


def test_what_cannot_be_is_said_at_the_form_and_changes_nothing(marketer: Client, journey: Journey):
    marketer.post(f"/journeys/{journey.pk}/door/", {"kind": "date"})
    before = saved(journey)
    posted = {
        "entry-trait": "birthday",
        "entry-side": "before",
        "entry-days": 3,
        "entry-every": "year",
        "entry-at": "9",
    }
    answer = marketer.post(f"/journeys/{journey.pk}/entry/", posted)
    assert answer.status_code == 422 and "Write the time as 09:00" in answer.content.decode()
    assert saved(journey) == before
    marketer.post(f"/journeys/{journey.pk}/entry/", {**posted, "entry-at": "09:30"})
    assert saved(journey)["entry"]["date"] == {"trait": "birthday", "days": -3, "every": "year", "at": "09:30"}


RULES: list[dict[str, Any]] = [
    {},
    {"reentry": {"after_days": 30}, "holdout": 10, "goal": {"event": "Order Completed", "within_days": 14}},
    {"reentry": "always", "exit": [{"event": ["Order Completed", "Order Cancelled"]}]},
    {
        "goal": {"event": "Order Completed", "where": [{"property": "value", "op": "gte", "value": 50}]},
        "exit": [
            {"event": "X", "where": [{"property": "a", "op": "missing"}]},
            {"event": "Y", "where": [{"property": "b", "op": "is", "value": 1}]},
        ],
        "filter": {"trait": "country", "op": "is", "value": "RW"},
    },
]


@pytest.mark.parametrize("rules", RULES)
def test_the_rules_are_the_same_when_they_are_opened_and_saved(
    marketer: Client, journey: Journey, rules: dict[str, Any]
):
    before = actions.edit(journey, definition={**journey.definition, **rules}, by="test").definition
    form = marketer.get(f"/journeys/{journey.pk}/").context["rules_form"]
    assert marketer.post(f"/journeys/{journey.pk}/rules/", filled(form)).status_code == 302
    assert saved(journey) == before
    bound = type(form)(filled(form), initial=form.initial, prefix="rules")
    assert bound.is_valid()
    others = {key: before[key] for key in ("entry", "steps")}
    one, other = parse({**others, **bound.rules()}), parse(before)
    for name in ("goal", "exits", "reentry", "filter", "holdout"):
        assert getattr(one, name) == getattr(other, name), name


def test_rules_are_set_by_segments_and_events(marketer: Client, journey: Journey, segment: int):
    posted = {"reentry": "after_days", "after_days": 9, "event": "Order Completed", "op": "gte", "property": "value",
              "value": "50", "within_days": 7, "segment": segment, "exits": "Unsubscribed"}  # fmt: skip
    posted["exit_segment"] = segment
    answer = marketer.post(f"/journeys/{journey.pk}/rules/", {f"rules-{k}": v for k, v in posted.items()})
    assert answer.status_code == 302
    assert {key: value for key, value in saved(journey).items() if key not in ("entry", "steps")} == {
        "reentry": {"after_days": 9},
        "filter": {"segment": segment},
        "goal": {
            "event": "Order Completed",
            "where": [{"property": "value", "op": "gte", "value": 50}],
            "within_days": 7,
        },
        "exit": [{"event": "Unsubscribed"}, {"segment": segment, "left": True}],
    }
    page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
    assert "Only for:" in page and "The goal: that the person orders where value is at least 50 within 7 days." in page
    for wrong in (
        {"reentry": "after_days"},
        {"event": "X", "goal_segment": segment},
        {"event": "X", "goal_same_key": "on"},
    ):
        answer = marketer.post(f"/journeys/{journey.pk}/rules/", {f"rules-{k}": v for k, v in wrong.items()})
        assert answer.status_code == 422


def test_goals_and_exits_by_segments_are_shown_and_written_again(marketer: Client, journey: Journey, segment: int):
    """A goal of leaving a segment had become one of entering it when anything else was saved."""
    rules: dict[str, Any] = {
        "goal": {"segment": segment, "left": True, "within_days": 9},
        "exit": [{"event": "A", "where": [{"property": "a", "op": "gt", "value": 3}]}, {"segment": segment}],
    }
    actions.edit(journey, definition={**journey.definition, **rules}, by="test")
    form = marketer.get(f"/journeys/{journey.pk}/").context["rules_form"]
    shown = {field.name for _title, fields in form.groups() for field in fields}
    assert shown == {name for name, field in form.fields.items() if not field.widget.is_hidden}
    assert marketer.post(f"/journeys/{journey.pk}/rules/", {**filled(form), "rules-holdout": 5}).status_code == 302
    assert {name: saved(journey)[name] for name in ("goal", "exit", "holdout")} == {**rules, "holdout": 5}


def test_a_rule_has_room_for_one_condition_more_than_it_has(marketer: Client, journey: Journey):
    path = f"/journeys/{journey.pk}/"
    for number in range(3):
        form = marketer.get(path).context["entry_form"]
        end = f"_{number}" if number else ""
        more = {f"entry-property{end}": f"p{number}", f"entry-op{end}": "gte", f"entry-value{end}": str(number)}
        assert marketer.post(f"{path}entry/", {**filled(form), **more}).status_code == 302
    assert [(one["property"], one["value"]) for one in saved(journey)["entry"]["where"]] == [
        (f"p{n}", n) for n in range(3)
    ]
    form = marketer.get(path).context["entry_form"]
    marketer.post(f"{path}entry/", {**filled(form), "entry-property_1": ""})
    assert [one["property"] for one in saved(journey)["entry"]["where"]] == ["p0", "p2"]


def test_rules_that_speak_of_a_key_go_with_it(marketer: Client, journey: Journey):
    cart = {"entry": {"event": "Cart Viewed", "key": "cart_id"}, "reentry": "per_key", "steps": STEPS}
    actions.edit(journey, definition={**cart, "exit": [{"event": "Order Completed", "same_key": True}]}, by="test")
    marketer.post(f"/journeys/{journey.pk}/door/", {"kind": "by_hand"})
    assert saved(journey) == {"entry": {"by_hand": True}, "steps": STEPS}


def test_names_of_events_and_properties_are_suggested(marketer: Client, journey: Journey) -> None:
    EventCount.objects.create(hour=timezone.now(), lane=0, name="Gift Wrapped", source="shop", channel="", count=3)
    page = marketer.get(f"/journeys/{journey.pk}/").content.decode()
    names = page[page.index('<datalist id="event-names">') :]
    assert names.index('value="Gift Wrapped"') < names.index('value="Order Completed"')
    assert re.search(r'name="rules-event"[^>]* list="event-names"', page)
    assert re.search(r'name="rules-exits_property"[^>]* list="property-names"', page)
