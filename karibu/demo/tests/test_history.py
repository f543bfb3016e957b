"""The sample shop's year is made up, but what the pages say about it is the truth."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from karibu.campaigns import report, stats
from karibu.campaigns.models import Campaign
from karibu.collect import drain
from karibu.collect.models import InboxRow, RejectedEvent, Source
from karibu.customers.models import Customer
from karibu.demo import actions, history
from karibu.demo.campaigns import HARVEST
from karibu.demo.models import SampleShop
from karibu.insights.metrics import measure
from karibu.insights.periods import parse
from karibu.journeys.models import Enrollment
from karibu.messages import starters
from karibu.messages.models import Message
from karibu.shop.models import Refund
from karibu.web.actions import create_user
from karibu.web.models import Shop

KIGALI = ZoneInfo("Africa/Kigali")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_the_same_seed_writes_the_same_year() -> None:
    one, two = history.write(NOW, count=40), history.write(NOW, count=40)
    assert one.events == two.events and one.truth == two.truth
    assert history.write(NOW, count=40, seed=1).truth != one.truth


def test_a_year_has_seasons_and_nothing_of_it_is_yet_to_come() -> None:
    written = history.write(NOW, count=400)
    times = [datetime.fromisoformat(event["timestamp"]) for event in written.events]
    assert times == sorted(times)
    assert NOW - timedelta(days=367) < times[0] and NOW - timedelta(hours=8) < times[-1] < NOW
    months = [sum(time.month == month for time in times) for month in range(1, 13)]
    assert months[11] > 1.2 * months[1] and months[10] > 1.2 * months[8]


def test_what_a_campaign_earned_is_found_by_its_report() -> None:
    """The interval of the report's first number holds what the made-up shoppers really bought because of it."""
    writer = history.Writer(NOW, Random(history.SEED))
    written = writer.write(2500)
    spent: dict[str, list[float]] = {}
    for order in writer.placed:
        turn = next((one for one in written.mailings if one.person == order.person and one.plan is HARVEST), None)
        if turn and not order.is_cancelled and timedelta(0) <= order.at - turn.sent_at < timedelta(days=5):
            spent.setdefault(order.person, []).append(float(order.net))

    def group(*, held: bool) -> stats.Group:
        mine = [
            sum(spent.get(one.person, [])) for one in written.mailings if one.plan is HARVEST and one.is_held == held
        ]
        return stats.Group(len(mine), sum(mine), sum(v * v for v in mine), sum(v > 0 for v in mine))

    found = stats.difference(group(held=False), group(held=True))
    people, truth = group(held=False).people, float(written.truth.campaign_revenue)
    assert found.low is not None and found.high is not None
    assert 0 < found.low * people < truth < found.high * people


@pytest.fixture
def opened(lake: object) -> SampleShop:
    """The sample shop with the year of 150 people, all of it taken in."""
    starters.plant()
    actions.open_sample_shop()
    actions.bring_history(count=80)
    drain.drain_all()
    return SampleShop.objects.get(pk=1)


@pytest.mark.django_db(transaction=True)
def test_every_page_can_be_checked_against_the_truth(opened: SampleShop) -> None:
    truth = opened.truth
    ever = parse("", "", KIGALI)
    assert not RejectedEvent.objects.exists() and not InboxRow.objects.exists()
    for metric in ("customers", "events", "orders", "messages", "clicks"):
        assert measure(metric, ever).total == int(truth[metric]), metric
    assert measure("carts", ever).total == int(truth["open_carts"])
    assert measure("revenue", ever).total == Decimal(truth["revenue"])
    assert measure("attributed_orders", ever).total == int(truth["recovered_orders"]) > 0
    assert measure("attributed_revenue", ever).total == Decimal(truth["recovered_revenue"])
    assert Refund.objects.count() == int(truth["refunds"]) > 0
    assert (
        Enrollment.objects.count() == Message.objects.filter(sender__startswith="journey:").count()
    )  # the past starts no journey anew
    aline = Customer.objects.filter(country="RW", is_anonymous=False).first()
    sale = Campaign.objects.get(name="Harvest sale")
    found = report.figures(sale)
    assert found["incremental"]["held_out"] > 0 and found["funnel"]["clicked"] > 0 and found["links"]
    assert aline and aline.email.endswith(("@example.com", "@example.org", "@example.net"))


@pytest.mark.django_db(transaction=True)
def test_opening_it_again_changes_nothing(opened: SampleShop) -> None:
    Shop.objects.update(name="Mine now")
    before = (Message.objects.count(), Source.objects.count(), measure("events", parse("", "", KIGALI)).total)
    actions.open_sample_shop()
    actions.bring_history(count=80)
    drain.drain_all()
    assert before == (Message.objects.count(), Source.objects.count(), measure("events", parse("", "", KIGALI)).total)
    assert Shop.objects.get().name == "Mine now"


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_history_is_brought_in_whole_by_the_next_attempt(
    lake: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    starters.plant()
    actions.open_sample_shop()
    with monkeypatch.context() as broken:
        broken.setattr(actions.mails, "send_in_the_past", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            actions.bring_history(count=30)
    assert SampleShop.objects.get().history_at is None
    actions.bring_history(count=30)
    drain.drain_all()
    truth = SampleShop.objects.get().truth
    assert measure("events", parse("", "", KIGALI)).total == int(truth["events"])
    assert measure("customers", parse("", "", KIGALI)).total == 30


@pytest.mark.django_db(transaction=True)
def test_home_shows_a_newcomer_the_way_in(opened: SampleShop, client: Client) -> None:
    client.force_login(create_user("owner@example.com"), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/").content.decode()
    assert 'href="/shop/"' in page and 'href="/mailbox/"' in page
    SampleShop.objects.all().delete()
    assert 'href="/shop/"' not in client.get("/").content.decode()
