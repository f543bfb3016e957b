"""Screen = CSV = API, for every metric and in any zone."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from karibu.events.tests.making import append, event
from karibu.insights import today
from karibu.insights.metrics import METRICS
from karibu.insights.models import Attribution
from karibu.insights.tests.shop import make_message, make_order
from karibu.shop.models import Cart
from karibu.web.actions import create_token, create_user
from karibu.web.formats import count, money

pytestmark = pytest.mark.django_db
ZONES = ["UTC", "Africa/Kigali", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Auckland"]


@pytest.fixture
def marketer() -> Client:
    client = Client()
    user = create_user("m@example.com", role="marketer")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def program() -> Client:
    return Client(headers={"Authorization": f"Bearer {create_token('program')}"})


@pytest.fixture
def two_days_of_trade(lake: object) -> None:
    """Something in every hour of the last 50, so that each zone cuts the days elsewhere."""
    now = timezone.now()
    for hours in range(50):
        at = now - timedelta(hours=hours)
        make_order(f"o{hours}", customer=hours, at=at, total=f"{10 + hours}.37", refunded="1.01")
        Cart.objects.create(
            cart_id=f"c{hours}", customer_id=hours, value=Decimal(5), created_at=at, updated_at=at, currency="USD"
        )
        message = make_message(customer=hours, at=at)
        append(event(time=at, customer_id=hours % 7))
        if hours % 3 == 0:
            Attribution.objects.create(
                order_id=f"o{hours}", message_id=message.pk, sender="journey:1", channel="email", customer_id=hours,
                clicked_at=at, ordered_at=at, revenue=Decimal(10), currency="USD",
            )  # fmt: skip


def read_csv(client: Client, metric: str, **asked: str) -> dict[str, Decimal]:
    answer = client.get(f"/insights/{metric}.csv", asked)
    assert answer.status_code == 200, answer.content
    content = answer.getvalue().decode("utf-8-sig")
    return {row[0]: Decimal(row[1]) for row in list(csv.reader(io.StringIO(content)))[1:]}


@pytest.mark.parametrize("zone", ZONES)
def test_screen_csv_and_api_agree(zone: str, marketer: Client, program: Client, two_days_of_trade: None) -> None:
    from karibu.web.models import User

    User.objects.filter(email="m@example.com").update(timezone=zone)
    today.forget()
    page = marketer.get("/").content.decode()
    day = datetime.now(UTC).astimezone(today.ZoneInfo(zone)).date()
    yesterday = day - timedelta(days=1)
    asked = {"from": yesterday.isoformat(), "to": day.isoformat(), "by": "day", "zone": zone}
    for shown in today.TILES:
        api = program.get(f"/api/v1/metrics/{shown.metric}", asked).json()
        by_day = {point["key"]: Decimal(str(point["value"])) for point in api["series"]}
        assert by_day == read_csv(marketer, shown.metric, **asked)
        assert any(by_day.values())
        tile = re.search(rf'data-metric="{shown.metric}".*?</a>', page, re.DOTALL)
        assert tile
        metric = METRICS[shown.metric]
        write = (lambda v: money(v, "USD")) if metric.is_money else (lambda v: count(int(v)))
        assert f"yesterday {write(by_day[yesterday.isoformat()])}" in tile[0]
        assert write(by_day[day.isoformat()]) in tile[0]
        if shown.metric != "visitors":
            assert Decimal(str(api["total"])) == sum(by_day.values())


def test_every_metric_can_be_had_as_csv_and_from_the_api(
    marketer: Client, program: Client, two_days_of_trade: None
) -> None:
    for metric in METRICS.values():
        for by in metric.dimensions:
            api = program.get(f"/api/v1/metrics/{metric.name}", {"by": by}).json()
            points = {point["key"]: Decimal(str(point["value"])) for point in api["series"]}
            assert points == read_csv(marketer, metric.name, by=by), (metric.name, by)


def test_the_insights_page_shows_the_totals_of_its_csv(marketer: Client, two_days_of_trade: None) -> None:
    page = marketer.get("/insights/?days=30").content.decode()
    links = re.findall(r'href="/insights/(\w+)\.csv\?([^"]+)"', page)
    assert len(links) == 6
    for metric, query in links:
        rows = marketer.get(f"/insights/{metric}.csv?{query.replace('&amp;', '&')}").getvalue().decode("utf-8-sig")
        total = sum(Decimal(row[1]) for row in list(csv.reader(io.StringIO(rows)))[1:])
        written = money(total, "USD") if METRICS[metric].is_money else count(int(total))
        if metric != "visitors":
            assert f'<strong class="insight__total">{written}</strong>' in page, metric


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"from": "soon"}, "from"), ({"to": "2026-99-01"}, "to"), ({"by": "weather"}, "by"), ({"zone": "Mars/X"}, "zone")],
)
def test_what_cannot_be_understood_is_named(
    asked: dict[str, str], field: str, program: Client, marketer: Client
) -> None:
    answer = program.get("/api/v1/metrics/orders", asked)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert marketer.get("/insights/orders.csv", asked).status_code == 400


def test_an_unknown_metric_is_not_found(program: Client, marketer: Client) -> None:
    assert program.get("/api/v1/metrics/happiness").status_code == 404
    assert marketer.get("/insights/happiness.csv").status_code == 404


def test_strangers_get_no_numbers() -> None:
    for path in ("/", "/insights/", "/insights/orders.csv", "/live/now/"):
        assert Client().get(path).status_code == 302
    assert Client().get("/api/v1/metrics/orders").status_code == 401


def test_prometheus_needs_a_token_and_finds_every_figure(program: Client, marketer: Client) -> None:
    assert Client().get("/metrics").status_code == 401
    assert marketer.get("/metrics").status_code == 401
    append(event())
    text = program.get("/metrics").content.decode()
    assert "karibu_events_total 1\n" in text
    assert "karibu_inbox_rows 0\n" in text and "karibu_tail_rows 1\n" in text
