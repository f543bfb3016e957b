"""Which consent is in force, whoever said what and when (PAINS 18)."""

from datetime import UTC, datetime, timedelta

import pytest

from karibu.consents.actions import lift_suppression, record_consents, suppress
from karibu.consents.models import Consent, Suppression
from karibu.consents.queries import in_force, marks, suppressed
from karibu.consents.statement import EVERYTHING, Statement

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def said(status: str, method: str, day: int, *, customer: int = 1, topic: str = "offers", source: str = "shop") -> int:
    at = START + timedelta(days=day)
    statement = Statement(
        customer_id=customer, channel="email", status=status, method=method, source=source, at=at, topic=topic
    )
    return record_consents([statement])


def status(customer: int = 1, topic: str = "offers") -> str | None:
    return in_force([customer], "email", topic).get(customer)


def test_silence_is_no_consent():
    assert in_force([1, 2], "email") == {}


def test_an_import_can_never_raise_a_withdrawn_consent():
    said("given", "form", 0)
    said("withdrawn", "one-click", 1)
    said("given", "import", 2, source="import 7")
    assert status() == "withdrawn"


def test_not_even_one_that_was_withdrawn_by_an_import():
    said("withdrawn", "import", 0, source="import 1")
    said("given", "import", 1, source="import 2")
    assert status() == "withdrawn"


def test_an_import_gives_consent_where_nobody_withdrew_it():
    said("given", "import", 0)
    assert status() == "given"


def test_a_withdrawal_by_import_counts():
    said("given", "form", 0)
    said("withdrawn", "import", 1)
    assert status() == "withdrawn"


def test_a_later_own_act_wins_and_an_earlier_one_that_arrives_late_does_not():
    said("withdrawn", "one-click", 5)
    said("given", "form", 3)
    assert status() == "withdrawn"
    said("given", "checkout", 6)
    assert status() == "given"


def test_a_colleague_cannot_raise_what_the_person_withdrew_but_can_what_a_colleague_withdrew():
    said("withdrawn", "agent", 0)
    said("given", "agent", 1)
    assert status() == "given"
    said("withdrawn", "preference-centre", 2)
    said("given", "agent", 3)
    assert status() == "withdrawn"


def test_topics_are_apart_and_everything_covers_them_all():
    said("given", "form", 0, topic=EVERYTHING)
    said("withdrawn", "preference-centre", 1, topic="offers")
    assert (status(topic="offers"), status(topic="news")) == ("withdrawn", "given")
    said("withdrawn", "one-click", 2, topic=EVERYTHING)
    assert status(topic="news") == "withdrawn"


def test_a_state_that_a_source_repeats_does_not_undo_an_unsubscribe():
    assert said("given", "trait", 0) == 1
    said("withdrawn", "one-click", 1)
    assert said("given", "trait", 2) == 0
    assert status() == "withdrawn"
    said("withdrawn", "trait", 3)
    assert said("given", "trait", 4) == 1
    assert status() == "given"


def test_the_first_word_of_a_second_source_does_not_undo_an_unsubscribe_but_a_change_there_does():
    said("given", "trait", 0, source="site")
    said("withdrawn", "one-click", 1)
    said("given", "trait", 2, source="app")
    assert status() == "withdrawn"
    said("withdrawn", "trait", 3, source="app")
    said("given", "trait", 4, source="app")
    assert status() == "given"


def test_the_same_state_twice_in_one_call_is_one_row():
    statement = Statement(customer_id=1, channel="email", status="given", method="trait", source="shop", at=START)
    assert record_consents([statement, statement]) == 1


def test_people_and_channels_are_apart():
    said("given", "form", 0)
    said("withdrawn", "form", 0, customer=2)
    assert in_force([1, 2, 3], "email") == {1: "given", 2: "withdrawn"}
    assert in_force([1, 2, 3], "sms") == {}


def test_marks_say_what_is_in_force_per_channel_and_topic():
    said("given", "form", 0)
    said("withdrawn", "form", 1)
    said("given", "import", 2, source="import 1")
    [mark] = marks(1)
    assert (mark["channel"], mark["topic"], mark["status"]) == ("email", "offers", "withdrawn")
    assert mark["last"].method == "import"


def test_a_suppressed_address_stays_so_however_it_is_written_until_a_colleague_lifts_it():
    assert suppress("email", ["Amina@Example.com", " amina@example.com"], Suppression.Reason.HARD_BOUNCE) == 1
    assert suppress("email", ["amina@example.com"], Suppression.Reason.MANUAL) == 0
    assert suppressed("email", ["AMINA@example.com", "ben@example.com"]) == {"amina@example.com": "hard_bounce"}
    assert suppressed("sms", ["amina@example.com"]) == {}
    assert lift_suppression("email", "amina@example.com", by="owner@localhost") == 1
    assert suppressed("email", ["amina@example.com"]) == {}
    assert Suppression.objects.count() == 1


def test_the_ledger_is_only_added_to():
    said("given", "form", 0)
    said("withdrawn", "form", 1)
    assert list(Consent.objects.order_by("id").values_list("status", flat=True)) == ["given", "withdrawn"]
