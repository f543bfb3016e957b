"""The conditions of a branch and of whom a journey is for, written on its page by the rows of the segment builder."""

from typing import Any

import pytest
from django.test import Client

from karibu.journeys import actions
from karibu.journeys.models import Journey
from karibu.segments import actions as segments

pytestmark = pytest.mark.django_db
BOUGHT = {"event": "Order Completed", "measure": "count", "op": "gte", "value": 2, "within": {"days": 30}}
BRANCH: dict[str, Any] = {"id": "two", "branch": {"if": BOUGHT}, "ways": {"yes": [{"id": "on", "wait": {"days": 1}}]}}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def journey() -> Journey:
    return actions.create("Welcome", {"entry": {"event": "Signed Up"}, "steps": [BRANCH]}, by="test")


@pytest.fixture
def segment() -> int:
    return int(segments.create("Rwanda", {"trait": "country", "op": "is", "value": "RW"}, by="test").pk)


def rows(page: Any) -> dict[str, Any]:
    """What a browser sends of the rows that the page shows."""
    posted: dict[str, Any] = {}

    def controls(path: str, those: Any) -> None:
        posted.update({f"{path}.{one.name}": one.values for one in those if one.kind != "words"})

    def node(one: Any) -> None:
        if one.is_group:
            posted[f"{one.path}.is"] = one.group.op
            for child in one.children:
                node(child)
        else:
            posted[f"{one.path}.kind"] = one.row.kind
        controls(one.path, one.controls)

    node(page.context["root"])
    return posted


def saved(journey: Journey) -> dict[str, Any]:
    journey.refresh_from_db()
    return dict(journey.definition)


def test_a_branchs_conditions_are_shown_as_rows_and_saved_as_they_were(marketer: Client, journey: Journey):
    path, before = f"/journeys/{journey.pk}/steps/0/conditions/", saved(journey)
    page = marketer.get(path)
    text = page.content.decode()
    assert page.status_code == 200 and "at least 2" in text and text.count('id="rows"') == 1
    answer = marketer.post(path, {**rows(page), "do": "save"})
    assert (answer.status_code, answer["Location"]) == (302, f"/journeys/{journey.pk}/#step-0")
    assert saved(journey) == before


def test_conditions_are_written_in_the_card_row_by_row(marketer: Client, journey: Journey):
    path = f"/journeys/{journey.pk}/steps/0/conditions/"
    part = marketer.get(path, headers=HTMX)
    assert part.content.decode().lstrip().startswith('<section id="builder"')
    more = marketer.post(path, {**rows(part), "do": "row:r"}, headers=HTMX)
    assert len(more.context["root"].children) == 2 and "<html" not in more.content.decode()
    filled = {**rows(more), "r_1.trait": "country", "r_1.op": "is", "r_1.value": "RW"}
    assert saved(journey)["steps"][0]["branch"]["if"] == BOUGHT, "nothing is saved before it is asked for"
    assert marketer.post(path, {**filled, "do": "save"}).status_code == 302
    [first, second] = saved(journey)["steps"][0]["branch"]["if"]["all"]
    assert first["event"] == "Order Completed" and second == {"trait": "country", "op": "is", "value": "RW"}
    assert saved(journey)["steps"][0]["ways"]["yes"] == BRANCH["ways"]["yes"], "the ways stay"
    assert "and whose country is" in marketer.get(f"/journeys/{journey.pk}/").content.decode()


def test_what_is_not_complete_is_said_where_it_stands_and_changes_nothing(marketer: Client, journey: Journey):
    path, before = f"/journeys/{journey.pk}/steps/0/conditions/", saved(journey)
    answer = marketer.post(path, {"r.is": "all", "r_0.kind": "trait", "r_0.trait": "", "do": "save"})
    assert answer.status_code == 422 and "Choose what this is about." in answer.content.decode()
    assert saved(journey) == before


def test_a_colleague_who_was_quicker_is_not_overwritten(marketer: Client, journey: Journey):
    from karibu.web.stale import stamp

    path = f"/journeys/{journey.pk}/steps/0/conditions/"
    page = marketer.get(path)
    other = {"trait": "orders", "op": "gte", "value": 3}
    meanwhile = {**journey.definition, "steps": [{**BRANCH, "branch": {"if": other}}]}
    actions.edit(journey, definition=meanwhile, by="colleague")
    answer = marketer.post(path, {**rows(page), "do": "save", "seen": stamp(page.context["conditions_form"])})
    assert answer.status_code == 422 and "changed meanwhile" in answer.content.decode()
    assert saved(journey)["steps"][0]["branch"]["if"] == other


def test_a_saved_segment_can_be_chosen_in_the_rows_and_in_the_list(marketer: Client, journey: Journey, segment: int):
    path = f"/journeys/{journey.pk}/steps/0/conditions/"
    posted = {"r.is": "all", "r_0.kind": "segment", "r_0.value": segment, "do": "save"}
    assert marketer.post(path, posted).status_code == 302
    assert saved(journey)["steps"][0]["branch"]["if"] == {"segment": segment}
    form = marketer.get(f"/journeys/{journey.pk}/").context["track"].cards[0].form
    assert form.initial["segment"] == str(segment)


def test_whom_a_journey_is_for_is_written_on_the_first_card_and_taken_back_there(marketer: Client, journey: Journey):
    path = f"/journeys/{journey.pk}/filter/"
    assert 'id="rows"' in marketer.get(path).content.decode()
    posted = {"r.is": "all", "r_0.kind": "trait", "r_0.trait": "country", "r_0.op": "is", "r_0.value": "RW"}
    assert marketer.post(path, {**posted, "do": "save"}).status_code == 302
    assert saved(journey)["filter"] == {"trait": "country", "op": "is", "value": "RW"}
    rules = f"/journeys/{journey.pk}/rules/"
    kept = marketer.get(f"/journeys/{journey.pk}/").context["rules_form"]
    whom = {f"rules-{name}": kept.initial[name] for name in ("segment", "condition")}
    marketer.post(rules, {**whom, "rules-holdout": "10"})
    assert saved(journey)["filter"]["trait"] == "country" and saved(journey)["holdout"] == 10
    marketer.post(rules, {**whom, "rules-segment": "everybody"})
    assert "filter" not in saved(journey) and "holdout" not in saved(journey)


def test_only_a_branch_has_conditions(marketer: Client, journey: Journey):
    assert marketer.get(f"/journeys/{journey.pk}/steps/1/conditions/").status_code == 404
    assert marketer.get(f"/journeys/{journey.pk}/steps/9/conditions/").status_code == 404
