"""A message that left is one event of the log, whatever happens around it."""

import pytest

from karibu.consents import erasure
from karibu.customers import timeline
from karibu.customers.merging import merge_customers, undo_merge
from karibu.events import log, made, queries
from karibu.messages import send, sent
from karibu.messages.models import Message, Untold
from karibu.messages.status import Reason
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.messages.verdict import Outcome, failed, record

pytestmark = pytest.mark.usefixtures("lake")
NAMES = ["Message Sent"]


@pytest.fixture
def shop(db):
    return the_shop()


def told():
    return {event.message_id: event for event in log.recent(100, NAMES)}


def test_each_message_that_left_is_one_event_with_its_sender_and_template(shop):
    messages = [wants(a_person(name)) for name in ("amina", "bo")]

    send.step()
    sent.step()
    sent.step()

    for message in messages:
        message.refresh_from_db()
        event = told()[f"sent-{message.pk}"]
        assert (event.customer, event.time, event.source) == (message.customer_id, message.sent_at, "Messages")
        assert event.channel == "email"
        assert event.properties == {"message_id": message.pk, "sender": "journey:1", "template": message.template_id}
    assert len(told()) == queries.total(name="Message Sent") == 2
    assert not Untold.objects.exists()


def test_what_was_refused_or_failed_is_not_told(shop):
    refused, broken = wants(a_person("amina", agreed=False)), wants(a_person("bo"))
    Message.objects.filter(pk=broken.pk).update(status="sending")
    record(
        [Outcome(message_id=broken.pk, verdict=failed(Reason.REJECTED), customer_id=broken.customer_id)],
        broken.created_at,
        before=["sending"],
    )

    send.step()
    sent.step()

    refused.refresh_from_db()
    assert refused.status == "refused"
    assert told() == {} and queries.total(name="Message Sent") == 0


def test_who_dies_while_telling_has_told_nothing_and_the_next_tells_it_once(shop, monkeypatch):
    message = wants(a_person())
    send.send_due()
    whole = made.record

    def die(*arguments):
        whole(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(made, "record", die)
    with pytest.raises(KeyboardInterrupt):
        sent.tell()
    monkeypatch.undo()

    assert told() == {} and Untold.objects.count() == 1
    assert [sent.tell(), sent.tell()] == [1, 0]
    assert list(told()) == [f"sent-{message.pk}"]


def test_more_than_fits_at_once_is_told_in_turns(shop):
    for number in range(5):
        wants(a_person(f"p{number}"))
    send.send_due()

    assert [sent.tell(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(told()) == 5


def test_a_message_to_somebody_merged_is_told_of_whom_it_is_now(shop):
    winner, loser = a_person("amina"), a_person("bo")
    wants(loser)
    send.send_due()
    merge = merge_customers(winner.pk, loser.pk, by="test", reason="same person")
    sent.tell()
    assert [event.customer for event in log.history([winner.pk], names=NAMES)] == [winner.pk]

    undo_merge(merge, by="test")
    assert log.history([loser.pk], names=NAMES) == []


@pytest.mark.django_db(transaction=True)
def test_somebody_erased_before_the_log_was_told_is_not_in_it(shop):
    person = a_person()
    wants(person)
    send.send_due()
    erasure.erase(person.pk, by="test")

    sent.tell()

    assert told() == {} and not Untold.objects.exists()


def test_the_timeline_shows_a_sent_message_once(shop):
    person = a_person()
    message = wants(person)
    send.step()
    sent.step()

    rows = [entry for entry in timeline.read([person.pk]) if "consent" not in entry.kind]
    assert [(entry.kind, entry.url) for entry in rows] == [("messages", f"/messages/{message.pk}/")]
    assert len(log.history([person.pk])) == 1
