"""What was sent concerns the segments that ask for it."""

from karibu.messages import send, sent
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.segments.models import Touched


def test_the_live_segments_hear_whom_something_was_sent_to(lake, db):
    the_shop()
    person = a_person()
    wants(person)
    Touched.objects.all().delete()

    send.step()
    sent.step()

    assert list(Touched.objects.filter(event="Message Sent").values_list("customers", flat=True)) == [[person.pk]]
