"""A step keeps its id, wherever it is moved and however the definition comes in; behind each number are its people."""

import pytest
from django.test import Client

from karibu.journeys import actions, counted, draft, ids
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.story import Story, does, sends, story, waits
from karibu.web.actions import create_user

WAIT, CHECK = {"wait": {"days": 1}}, {"check": {"entry": {"property": "value", "op": "exists"}}}
PLAIN = {"entry": {"event": "Signed Up"}, "steps": [WAIT, {**CHECK, "ways": {"yes": [WAIT], "no": []}}]}


def names(definition: dict) -> list[str]:
    return [place.id for place in parse(definition).layout.places]


def test_a_step_without_an_id_is_called_by_where_it_stands():
    assert names(PLAIN) == ["1", "2", "2.yes.1"]
    assert names(ids.named(PLAIN)) == names(PLAIN)


def test_steps_keep_their_names_when_others_come_go_and_move():
    more = draft.insert(PLAIN, (0,), {"leave": {}})
    first, *rest = names(more)
    assert rest == ["1", "2", "2.yes.1"] and first not in rest
    assert names(draft.move(more, (2,), -1)) == [first, "2", "2.yes.1", "1"]
    assert names(draft.remove(more, (1,))) == [first, "2", "2.yes.1"]
    assert names(draft.replace(more, (1,), {"wait": {"days": 9}})) == names(more)
    twice = names(draft.copy(more, (2,)))
    assert twice[:4] == names(more) and len(set(twice)) == 6


def test_what_comes_without_ids_is_matched_with_what_was_there():
    longer = {**PLAIN, "steps": [{"leave": {}}, *PLAIN["steps"]]}
    first, *rest = names(ids.kept(longer, PLAIN))
    assert rest == ["1", "2", "2.yes.1"] and first not in rest
    assert ids.kept(PLAIN, PLAIN) == PLAIN


def test_two_steps_of_one_name_and_a_name_that_is_none_are_refused():
    with pytest.raises(DefinitionError, match=r"steps\[1\].id"):
        parse({**PLAIN, "steps": [{"id": "a", **WAIT}, {"id": "a", **WAIT}]})
    for bad in ("", 7, None, "x" * 501):
        with pytest.raises(DefinitionError, match=r"steps\[0\].id"):
            parse({**PLAIN, "steps": [{"id": bad, **WAIT}]})


@pytest.mark.django_db
def test_the_people_behind_each_number_are_found_in_whichever_version():
    journey = actions.publish(actions.create("J", PLAIN, by="test"), by="test")
    changed = draft.insert(PLAIN, (0,), {"id": "new", "wait": {"hours": 1}})
    story(
        sends("Signed Up", by="amina", value=5),
        does(lambda: actions.publish(actions.edit(journey, definition=changed, by="test"), by="test")),
        sends("Signed Up", by="joao", value=5),
        waits(hours=2),
        told=Story(),
    )
    journey.refresh_from_db()
    assert counted.at_steps(journey)["1"] == counted.Numbers(waiting=2)
    assert counted.at_spots(journey) == {
        (1, 0): counted.Numbers(waiting=1),
        (2, 1): counted.Numbers(waiting=1),
        (2, 0): counted.Numbers(passed=1),
    }
    client = Client()
    user = create_user("m@example.com", role="marketer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    people = f"/journeys/{journey.pk}/people/"
    for query, there in (
        ("?status=active&step=1", {"Amina", "Joao"}),
        ("?step=1&version=2", {"Joao"}),
        ("?passed=new", {"Joao"}),
        ("?passed=1", set()),
        ("?step=no-such-step", set()),
    ):
        page = client.get(people + query).content.decode()
        assert {name for name in ("Amina", "Joao") if name in page} == there, query
    card = client.get(f"/journeys/{journey.pk}/").content.decode()
    assert f"{people}?passed=new" in card and f"{people}?status=active&amp;step=1" in card
