import pytest

from karibu.consents.person import Person
from karibu.customers import raw
from karibu.journeys import actions, engine
from karibu.journeys.erasing import from_journeys
from karibu.journeys.models import Enrollment
from karibu.journeys.recipes import abandoned_cart
from karibu.journeys.story import sends, story, waits
from karibu.messages.models import Message

pytestmark = pytest.mark.django_db


def test_an_erased_person_leaves_every_journey_and_only_the_numbers_stay():
    actions.publish(actions.create("Abandoned cart", abandoned_cart(), by="test"), by="test")
    told = story(
        sends("Product Added", cart_id="c-1"),
        waits(hours=1),
        sends("Product Added", cart_id="c-2"),
        sends("Product Added", cart_id="c-3", by="brian"),
    )
    assert from_journeys(Person([told.person("amina")], []), raw.cursor()) == {"enrollments": 2}
    mine = Enrollment.objects.filter(customer_id=told.person("amina")).order_by("pk")
    assert [(e.status, e.key, e.context, e.slot) for e in mine] == [
        ("finished", "", {}, f"erased:{mine[0].pk}"),
        ("left", "", {}, f"erased:{mine[1].pk}"),
    ]
    story(waits(days=1), told=told)
    assert engine.advance(told.now) == engine.LOOK_AGAIN
    assert Message.objects.filter(customer_id=told.person("amina")).count() == 1
    assert Message.objects.filter(customer_id=told.person("brian")).count() == 1
