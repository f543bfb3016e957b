"""A campaign reaches its audience: the members of segments without those of others, each exactly once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from karibu.campaigns import actions, audience, engine, preview, said
from karibu.campaigns.actions import NotNow
from karibu.campaigns.models import Campaign, Recipient
from karibu.campaigns.tests.crowd import BY, HOUR, again, campaign, fates, launched, people, run, segment, template
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer
from karibu.messages import send
from karibu.messages.models import Mail, Message
from karibu.segments import actions as segments
from karibu.segments.models import Member, Segment
from karibu.shop import coupons
from karibu.shop.models import CouponPool

pytestmark = pytest.mark.django_db


def test_its_audience_is_segments_without_segments() -> None:
    ids = people(10)
    one = launched(segment("A", ids[:6]), segment("B", ids[4:8]), exclude=[segment("C", ids[:2]).pk])
    run()
    written = set(Message.objects.filter(sender=one.sender).values_list("customer_id", flat=True))
    assert written == set(ids[2:8])
    assert fates(one) == {"sent": 6}
    assert again(one).status == "sent" and one.audience == 6 and one.is_complete
    assert Mail.objects.count() == 6


def test_who_is_left_out_stays_so_when_that_segment_goes_into_the_archive_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "FIND", 5)
    ids = people(12)
    left_out = segment("C", ids[:1] + ids[8:])
    one = launched(segment("A", ids), exclude=[left_out.pk])
    engine.advance(timezone.now())
    segments.archive(left_out, by=BY)
    run()
    assert fates(one) == {"sent": 4} and again(one).status == "sending"
    assert said.progress(again(one))["archived"] == left_out
    Segment.objects.filter(pk=left_out.pk).update(archived_at=None, size=5)
    Member.objects.bulk_create(
        [Member(segment_id=left_out.pk, customer_id=n, since=HOUR + timezone.now()) for n in ids[8:]]
    )
    assert said.progress(again(one))["archived"] is None
    run()
    assert fates(one) == {"sent": 7} and again(one).status == "sent"


def test_when_the_segment_it_goes_to_is_archived_meanwhile_it_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIND", 5)
    ids = people(12)
    buyers = segment("A", ids)
    one = launched(buyers)
    engine.advance(timezone.now())
    segments.archive(buyers, by=BY)
    run()
    assert fates(one) == {"sent": 5} and again(one).status == "sending"
    assert said.progress(again(one))["archived"] == buyers
    Segment.objects.filter(pk=buyers.pk).update(archived_at=None)  # restored, and not found anew yet
    assert said.progress(again(one))["archived"] is None
    run()
    assert fates(one) == {"sent": 5} and again(one).status == "sending"
    Segment.objects.filter(pk=buyers.pk).update(size=12)
    Member.objects.bulk_create([Member(segment_id=buyers.pk, customer_id=n, since=timezone.now()) for n in ids])
    run()
    assert fates(one) == {"sent": 12} and again(one).status == "sent"


def test_who_is_left_out_stays_so_when_that_segment_is_found_anew_just_then(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = people(4)
    left_out = segment("C", [])
    one = launched(segment("A", ids), exclude=[left_out.pk])
    engine._begin(timezone.now())
    Segment.objects.filter(pk=left_out.pk).update(size=None)  # restored, and empty until its members are found
    whole = audience.chunk

    def chunk(*asked: Any) -> audience.Chunk:
        found = whole(*asked)
        if not Member.objects.filter(segment_id=left_out.pk).exists():
            now = timezone.now()
            Member.objects.bulk_create([Member(segment_id=left_out.pk, customer_id=n, since=now) for n in ids])
            Segment.objects.filter(pk=left_out.pk).update(size=4)
        return found

    monkeypatch.setattr(audience, "chunk", chunk)
    run()
    assert fates(one) == {} and again(one).status == "sending"
    run()
    assert fates(one) == {} and again(one).status == "sent"


def test_without_segments_it_is_for_everybody_who_is_known() -> None:
    people(3)
    Customer.objects.create(created_at=timezone.now())  # a browser that nobody signed in on
    one = launched()
    run()
    assert fates(one) == {"sent": 3}


def test_who_did_not_agree_has_a_row_that_says_so() -> None:
    ids = people(2) + people(3, agreed=False)
    one = launched(segment("A", ids))
    run()
    assert fates(one) == {"sent": 2, "refused no_consent": 3}


def test_the_check_counts_what_would_be_refused_the_biggest_first() -> None:
    ids = people(4) + people(5, agreed=False)
    found = preview.preview(campaign(segment("A", ids)))
    assert found.audience == 9 and not found.is_estimate
    assert [(line.kind, line.people) for line in found.lines] == [("refused", 5), ("ready", 4)]
    assert not Message.objects.exists()


def test_a_large_audience_is_estimated_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "WHOLE", 10)
    found = preview.preview(campaign(segment("A", people(20) + people(20, agreed=False))))
    assert found.is_estimate and found.asked == 10 and found.audience == 40
    assert sum(line.people for line in found.lines) == 40


def test_what_cannot_be_sent_is_not_launched() -> None:
    one = campaign(templates=[])
    with pytest.raises(ValidationError) as refused:
        actions.launch(one, by=BY)
    assert list(refused.value.message_dict) == ["templates"]
    assert again(one).status == "draft" and not Recipient.objects.exists()


def test_it_is_launched_once() -> None:
    one = launched(segment("A", people(1)))
    with pytest.raises(NotNow):
        actions.launch(one, by=BY)
    with pytest.raises(NotNow):
        actions.edit(one, by=BY, name="Other")


def test_the_first_mail_leaves_while_the_audience_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIND", 10)
    one = launched(segment("A", people(50)))
    for _ in range(3):
        engine.advance(timezone.now())
    assert not again(one).is_complete
    send.send_due()
    assert fates(one)["sent"] > 0


def test_no_more_are_let_in_than_the_senders_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "AHEAD", 10)
    monkeypatch.setattr(engine, "INTEND", 10)
    one = launched(segment("A", people(50)))
    for _ in range(20):
        engine.advance(timezone.now())
    assert Message.objects.filter(sender=one.sender).count() == 10
    run()
    assert fates(one) == {"sent": 50}


def test_twenty_pauses_and_resumptions_reach_each_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """PAINS 4."""
    monkeypatch.setattr(engine, "FIND", 30)
    monkeypatch.setattr(engine, "INTEND", 20)
    one = launched(segment("A", people(400)), holdout=10)
    for turn in range(20):
        engine.advance(timezone.now())
        engine.advance(timezone.now())
        actions.pause(one, by=BY)
        assert not Message.objects.filter(sender=one.sender, status="intended").exists()
        before = fates(one)
        engine.advance(timezone.now())
        send.send_due()
        assert fates(one) == before, "nothing leaves while it is paused"
        actions.resume(one, by=BY)
        engine.advance(timezone.now())
        send.send_due(limit=5 + turn)
    run()
    found = fates(one)
    assert sum(found.values()) == 400 == found["sent"] + found["refused holdout"]
    assert len(set(Mail.objects.values_list("recipient", flat=True))) == Mail.objects.count() == found["sent"]


def test_a_cancelled_one_writes_to_nobody_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "INTEND", 20)
    one = launched(segment("A", people(100)))
    engine.advance(timezone.now())
    engine.advance(timezone.now())
    send.send_due(limit=5)
    actions.cancel(one, by=BY)
    run()
    assert fates(one) == {"sent": 5, "cancelled by_hand": 15}
    assert again(one).status == "cancelled" and not Recipient.objects.exists()


def test_a_launch_that_has_not_begun_can_be_taken_back() -> None:
    tomorrow = timezone.now() + 24 * HOUR
    one = launched(segment("A", people(1)), when="at", day=tomorrow.date(), hour=tomorrow.time())
    assert one.status == "scheduled"
    actions.take_back(one, by=BY)
    run()
    assert again(one).status == "draft" and not Message.objects.exists()
    actions.edit(one, by=BY, when="now")
    actions.launch(one, by=BY)
    run()
    with pytest.raises(NotNow):
        actions.take_back(one, by=BY)


def test_two_who_became_one_are_written_to_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "INTEND", 1)
    ids = people(3)
    one = launched(segment("A", ids))
    engine.advance(timezone.now())
    engine.advance(timezone.now())  # the first one's message is let in
    merge_customers(ids[0], ids[2], by=BY, reason="same")
    run()
    assert sorted(Message.objects.values_list("customer_id", flat=True)) == ids[:2]
    assert again(one).status == "sent"


def test_everybody_gets_a_code_of_their_own_but_those_held_out() -> None:
    pool = CouponPool.objects.create(name="Spring", fallback="ALL")
    coupons.generate(pool, 30, by=BY)
    template(body="<p>Your code: {{ coupon.code }}</p>")
    one = campaign(segment("A", people(40)), coupon_pool=pool, holdout=50)
    template(body="<p>Your code: {{ coupon.code }}</p>")
    actions.launch(one, by=BY)
    run()
    found = fates(one)
    given = pool.coupons.exclude(key=None)
    assert given.count() == found["sent"]
    code = given.first()
    assert code
    message = Message.objects.get(key=code.key)
    assert message.customer_id == code.customer_id
    assert code.code.encode() in bytes(Mail.objects.get(message_id=message.pk).raw)


@pytest.mark.django_db(transaction=True)
def test_four_workers_that_start_at_once_reach_each_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """PAINS 1, with a tenth of its people: the suite shall stay quick."""
    monkeypatch.setattr(engine, "FIND", 100)
    monkeypatch.setattr(engine, "INTEND", 50)
    one = launched(segment("A", people(1000)))
    start = Barrier(4)

    def work(_: int) -> None:
        start.wait()
        try:
            for _ in range(2000):
                busy = engine.advance(timezone.now())
                if not send.send_due(50) and busy and again(Campaign.objects.get(pk=one.pk)).status == "sent":
                    return
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    run()
    assert fates(one) == {"sent": 1000}
    assert len(set(Mail.objects.values_list("recipient", flat=True))) == Mail.objects.count() == 1000


def test_before_it_asks_nobodys_consent_the_check_says_so() -> None:
    template(is_marketing=False)
    group = segment("A", people(2, agreed=False))
    one = actions.create("Recall", by=BY, include=[group.pk], templates=["spring"], holdout=0)
    found = preview.preview(one)
    assert found.ready == 2 and "is not marketing" in found.notes[0]


def test_before_codes_run_out_the_check_says_so() -> None:
    pool = CouponPool.objects.create(name="Spring")
    coupons.generate(pool, 3, by=BY)
    one = campaign(segment("A", people(5)), coupon_pool=pool)
    [note] = preview.preview(one).notes
    assert note.startswith("2 codes are missing in “Spring”")
