"""What people do is announced at commit, without saying who they are."""

import psycopg
import pytest
from django.db import connection, transaction

from karibu.events.batch import Batch
from karibu.events.event import Event
from karibu.events.tests.making import NOON, event, order
from karibu.insights import live
from karibu.insights.models import LaneMoments


def announce(*events: Event, lane: int = 0) -> None:
    with transaction.atomic():
        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            live.announce(Batch(events=list(events), now=NOON, cursor=cursor, lane=lane))


def ear() -> "psycopg.Connection[tuple[object, ...]]":
    given = connection.settings_dict
    opened = psycopg.connect(dbname=given["NAME"], host=given["HOST"], user=given["USER"], autocommit=True)
    opened.execute(f"LISTEN {live.CHANNEL}")
    return opened


def heard(listening: "psycopg.Connection[tuple[object, ...]]") -> list[live.Announcement]:
    return [live.read(notice.payload) for notice in listening.notifies(timeout=0.2)]


@pytest.mark.django_db(transaction=True)
def test_live_events_are_announced_when_they_are_committed() -> None:
    with ear() as listening:
        announce(event(customer_id=7, product_id="basket"))
        (announcement,) = heard(listening)
        assert announcement.events == 1
        assert [(m.customer, m.name, m.product, m.time) for m in announcement.moments] == [
            (7, "Product Viewed", "basket", NOON)
        ]
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            announce(event())
            raise ZeroDivisionError
        assert heard(listening) == []


@pytest.mark.django_db(transaction=True)
def test_history_is_no_news() -> None:
    with ear() as listening:
        announce(event(historical=True))
        assert heard(listening) == []
        assert not LaneMoments.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_very_many_some_are_told_orders_first_and_the_payload_fits() -> None:
    views = [event(product_id="ü" * 200, name="Visité " * 20) for _ in range(500)]
    with ear() as listening:
        announce(*views, order(customer_id=9))
        (announcement,) = heard(listening)
    assert announcement.events == 501
    assert "Order Completed" in [m.name for m in announcement.moments]
    assert 1 <= len(announcement.moments) <= live.TOLD


@pytest.mark.django_db
def test_each_lane_remembers_its_last_moments() -> None:
    for number in range(20):
        announce(event(customer_id=number), lane=number % 2)
    rows = dict(LaneMoments.objects.values_list("lane", "moments"))
    assert {lane: len(moments) for lane, moments in rows.items()} == {0: 10, 1: 10}
    for number in range(20):
        announce(event(customer_id=100 + number))
    newest = [moment[1] for moment in LaneMoments.objects.get(lane=0).moments]
    assert newest == list(range(119, 119 - live.TOLD, -1))


@pytest.mark.django_db
def test_an_announcement_holds_no_personal_data() -> None:
    announce(
        event(
            user_id="u-1",
            traits={"email": "aline@example.com"},
            properties_json=b'{"name": "Aline"}',
            query="aline",
            url="/a",
        )
    )
    kept = str(LaneMoments.objects.get().moments).lower()
    assert "aline" not in kept and "u-1" not in kept
