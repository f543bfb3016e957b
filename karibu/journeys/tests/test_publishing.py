"""Drafts, versions, and who gets a change (PAINS 23)."""

import pytest

from karibu.journeys import actions
from karibu.journeys.definition import DefinitionError
from karibu.journeys.models import Journey, Version
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.story import Story, does, expects, expects_messages, sends, story, waits
from karibu.web.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def journey() -> Journey:
    return actions.publish(actions.create("Abandoned cart", abandoned_cart(), by="test"), by="test")


def shortened(journey: Journey, inside: str) -> None:
    """The wait becomes ten minutes."""
    actions.edit(journey, definition=abandoned_cart(minutes=10), by="test")
    actions.publish(journey, inside=inside, by="test")


def one_inside() -> Story:
    return story(sends("Product Added", cart_id="c-1"), waits(minutes=5))


def test_a_draft_takes_nobody_in():
    actions.create("Abandoned cart", abandoned_cart(), by="test")
    story(sends("Product Added", cart_id="c-1"), expects("active", 0))


def test_a_change_for_new_people_only_leaves_those_inside_as_they_entered(journey):
    story(
        does(lambda: shortened(journey, "new")),
        waits(minutes=54),
        expects_messages(0),
        sends("Product Added", cart_id="c-2"),
        waits(minutes=1),
        expects_messages(1, cart_id="c-1"),
        waits(minutes=9),
        expects_messages(1, cart_id="c-2"),
        expects("finished", 1, version=1),
        expects("finished", 1, version=2),
        told=one_inside(),
    )


def test_a_change_for_everyone_before_the_step_counts_from_when_they_came(journey):
    story(
        does(lambda: shortened(journey, "before")),
        expects("active", 1, version=2),
        waits(minutes=4),
        expects_messages(0),
        waits(minutes=1),
        expects_messages(1),
        told=one_inside(),
    )


def test_a_change_for_nobody_stays_a_draft(journey):
    told = one_inside()
    shortened(journey, "nobody")
    journey.refresh_from_db()
    assert journey.version == 1 and actions.has_changes(journey)
    story(waits(minutes=54), expects_messages(0), waits(minutes=1), expects_messages(1), told=told)


def test_who_has_passed_the_changed_step_goes_on_as_before(journey):
    longer = abandoned_cart()
    longer["steps"] += [{"wait": {"days": 1}}, {"send": {"template": "cart-reminder"}}]
    actions.edit(journey, definition=longer, by="test")
    actions.publish(journey, by="test")
    told = story(sends("Product Added", cart_id="c-1"), waits(hours=2), expects("active", 1, step=2, version=2))
    shortened(journey, "before")
    story(expects("active", 1, step=2, version=2), waits(days=1), expects_messages(2), told=told)


def test_publishing_again_without_a_change_makes_no_version(journey):
    actions.publish(journey, by="test")
    assert Version.objects.filter(journey=journey).count() == 1


def test_an_edit_of_the_exit_reaches_only_those_whom_it_was_published_for(journey):
    told = one_inside()
    changed = {**abandoned_cart(), "exit": [{"event": "Cart Emptied", "same_key": True}]}
    actions.edit(journey, definition=changed, by="test")
    actions.publish(journey, by="test", inside="new")
    story(
        sends("Product Added", cart_id="c-2"),
        sends("Cart Emptied", cart_id="c-1"),
        sends("Cart Emptied", cart_id="c-2"),
        expects("active", 1, key="c-1"),
        expects("left", 1, key="c-2"),
        told=told,
    )


def test_a_template_that_is_not_there_is_refused_at_publishing_and_nothing_goes_live():
    definition = abandoned_cart()
    definition["steps"][1]["send"]["template"] = "no-such-thing"
    draft = actions.create("Broken", definition, by="test")
    with pytest.raises(DefinitionError, match=r"\$\.steps\[1\]\.send\.template"):
        actions.publish(draft, by="test")
    draft.refresh_from_db()
    assert (draft.status, draft.version) == ("draft", 0) and not Version.objects.exists()


def test_every_deed_stands_in_the_audit_log(journey):
    actions.pause(journey, by="amina@shop.test")
    actions.resume(journey, by="amina@shop.test")
    verbs = AuditEntry.objects.filter(subject=f"journey {journey.pk}").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["created journey", "published journey", "paused journey", "resumed journey"]
