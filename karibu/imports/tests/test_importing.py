"""Files become customers, products, orders and events, exactly once, and can be taken out again."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from karibu.consents.models import Consent
from karibu.customers.models import Customer, Identity, Trait
from karibu.events import log
from karibu.imports import actions, holding, jobs, run
from karibu.imports.models import Import, RejectedRow
from karibu.imports.queries import abandoned, left_half_undone
from karibu.imports.undo import undo
from karibu.shop.models import Order, OrderLine, Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
BY = "owner@shop.test"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.KARIBU_HOME = tmp_path
    yield tmp_path


def ready(
    kind: str, content: str | Path, tmp_path: Path, mapping: dict[str, str] | None = None, **options: Any
) -> Import:
    path = content
    if isinstance(path, str):
        path = tmp_path / f"{kind}.csv"
        path.write_text(str(content))
    imported = actions.draft(kind, path, by=BY)
    actions.choose(imported, {**imported.mapping, **(mapping or {})}, options)
    actions.start(imported, by=BY, queue=False)
    return imported


def bring(
    kind: str, content: str | Path, tmp_path: Path, mapping: dict[str, str] | None = None, **options: Any
) -> Import:
    return run.run(ready(kind, content, tmp_path, mapping, **options).pk)


ORDERS = """order_id,customer_id,email,date,product_id,product_name,quantity,line_total
1,7,ann@x.test,2026-01-05 10:00,a,Kikoi,3,10.00
2,8,bob@x.test,2026-01-06 10:00,b,Basket,1,4.40
1,7,ann@x.test,2026-01-05 10:00,b,Basket,0,0.10
"""


def test_lines_of_an_order_come_together_and_add_up_exactly(tmp_path: Path) -> None:
    imported = bring("orders", ORDERS, tmp_path)
    assert (imported.status, imported.position, imported.counts) == (
        "done", 3, {"taken": 2, "refused": 0, "rejected": 0},
    )  # fmt: skip
    assert list(Order.objects.order_by("order_id").values_list("order_id", "total", "import_id")) == [
        ("1", Decimal("10.1"), imported.pk),
        ("2", Decimal("4.4"), imported.pk),
    ]
    assert list(
        OrderLine.objects.filter(order__order_id="1").values_list("product_id", "price", "quantity", "total")
    ) == [
        ("a", Decimal("3.3333"), 3, Decimal(10)),
        ("b", Decimal("0.1"), 0, Decimal("0.1")),
    ]
    ann = Customer.objects.get(email="ann@x.test")
    assert (ann.orders, ann.spent) == (1, Decimal("10.10"))
    assert log.count()[None] == 2


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    bring("orders", ORDERS, tmp_path)
    bring("orders", ORDERS, tmp_path)
    assert Order.objects.count() == 2
    assert Customer.objects.get(email="ann@x.test").spent == Decimal("10.10")


def test_a_bad_line_sets_its_whole_order_aside_and_names_the_line(tmp_path: Path) -> None:
    imported = bring("orders", ORDERS.replace("0,0.10", "0,ten"), tmp_path)
    assert Order.objects.get().order_id == "2"
    assert list(RejectedRow.objects.order_by("line").values_list("line", "field", "reason")) == [
        (2, "line_total", "line 4 of this order: “ten” is no amount"),
        (4, "line_total", "“ten” is no amount"),
    ]
    assert imported.counts["rejected"] == 2


def test_rows_of_nobody_are_set_aside(tmp_path: Path) -> None:
    bring(
        "orders", "order_id,customer_id,email,date,total\n1,0,,2026-01-05,3\n2,,not an address,2026-01-05,3\n", tmp_path
    )
    assert list(RejectedRow.objects.order_by("line").values_list("line", "reason")) == [
        (2, "“0” is nobody's id"),
        (3, "nobody can be named by the id, e-mail address or phone number given"),
    ]
    assert not Order.objects.exists()
    assert log.count()[None] == 0


def test_the_same_key_twice_in_a_file_is_one_person(tmp_path: Path) -> None:
    bring("customers", "email,name,city\nann@x.test,Ann,Kigali\nANN@x.test,Ann N.,\nbob@x.test,Bob,\n", tmp_path)
    assert Customer.objects.count() == 2
    assert Customer.objects.get(email="ann@x.test").city == "Kigali"


def test_customers_are_matched_by_the_key_that_was_chosen(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"email": "ann@x.test"}})
    bring("customers", "customer_id,email,city\n99,ann@x.test,Kigali\n,,Huye\n", tmp_path, match="email")
    ann = Customer.objects.get()
    assert ann.city == "Kigali"
    assert list(Identity.objects.filter(kind="external").values_list("value", flat=True)) == ["7"]
    assert RejectedRow.objects.get().line == 3


def test_a_file_does_not_overrule_the_shop(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"name": "Ann Shop"}})
    bring("customers", "customer_id,name,city\n7,Ann File,Kigali\n", tmp_path)
    assert Customer.objects.values_list("name", "city").get() == ("Ann Shop", "Kigali")


def test_an_import_never_raises_a_consent(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"email": "ann@x.test"}},
         {"event": "Email Unsubscribed", "userId": "7"})  # fmt: skip
    bring("customers", "customer_id,newsletter\n7,yes\n", tmp_path)
    from karibu.consents import queries

    ann = Customer.objects.get()
    assert Consent.objects.filter(customer_id=ann.pk, status="withdrawn").exists()
    assert queries.in_force([ann.pk], "email") == {ann.pk: "withdrawn"}


def test_a_product_list_changes_the_catalogue_and_undo_brings_it_back(tmp_path: Path, send: Any) -> None:
    send({"event": "Product Viewed", "userId": "7", "properties": {"product_id": "a", "name": "Old", "price": 5}})
    imported = bring("products", 'id,title,price,colour\na,New,"1.299,50",red\nb,Second,3,\n', tmp_path)
    assert list(Product.objects.order_by("product_id").values_list("name", "price", "properties")) == [
        ("New", Decimal("1299.5"), {"colour": "red"}),
        ("Second", Decimal(3), {}),
    ]
    assert undo(imported, by=BY)["products"] == 1
    assert Product.objects.values_list("name", "price", "properties").get() == ("Old", Decimal(5), {})


def test_events_come_with_their_own_times_and_properties(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"event": "Product Viewed", "userId": "7", "timestamp": "2025-06-01T10:00:00Z",'
        ' "properties": {"product_id": "a"}}\n'
        '{"event": "Wheel Spun", "userId": "7", "timestamp": "nonsense"}\n'
    )
    imported = bring("events", path, tmp_path)
    (only,) = log.recent(10)
    assert (only.name, only.product_id, only.historical, only.import_id) == ("Product Viewed", "a", True, imported.pk)
    assert RejectedRow.objects.values_list("line", "field").get() == (2, "time")


def test_undo_takes_out_exactly_what_came(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"name": "Ann", "email": "ann@x.test"}},
         {"event": "Order Completed", "userId": "7", "properties": {"order_id": "live", "total": 5}})  # fmt: skip
    before = everything()
    imported = bring("orders", ORDERS, tmp_path)
    assert Order.objects.count() == 3
    gone = undo(imported, by=BY)
    assert (gone["orders"], gone["lines"], gone["products"], gone["customers"], gone["events"]) == (2, 3, 2, 1, 2)
    assert everything() == before
    with pytest.raises(actions.NotReady):
        undo(imported, by=BY)


def test_undo_restores_traits(tmp_path: Path, send: Any) -> None:
    send({"type": "identify", "userId": "7", "traits": {"name": "Ann"}})
    before = everything()
    undo(bring("customers", "customer_id,name,city,shoe size\n7,X,Kigali,41\n8,Y,Huye,\n", tmp_path), by=BY)
    assert everything() == before


def everything() -> Any:
    return (
        sorted(Customer.objects.values_list("id", "name", "email", "city", "traits__shoe_size", "orders", "spent")),
        sorted(Identity.objects.values_list("kind", "value", "customer_id")),
        sorted(Trait.objects.values_list("customer_id", "name", "source")),
        sorted(Order.objects.values_list("order_id", "total")),
        sorted(Product.objects.values_list("product_id", "name")),
        log.count()[None],
    )


def test_killed_in_the_middle_it_goes_on_at_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run.STEP, "orders", 2)
    content = "order_id,customer_id,date,total\n" + "".join(f"{n},c{n % 7},2026-01-05,1.25\n" for n in range(20))
    imported = ready("orders", content, tmp_path)

    def dies(progress: Import) -> None:
        if progress.position == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(imported.pk, dies)
    imported.refresh_from_db()
    assert (imported.status, imported.position, Order.objects.count()) == ("running", 10, 10)
    assert abandoned() == [imported.pk]
    assert run.run(imported.pk).status == "done"
    assert Order.objects.count() == 20
    assert sum(order.total for order in Order.objects.all()) == 25
    assert log.count()[None] == 20


def test_a_running_import_is_its_runners_until_their_connection_ends_or_their_heart_stops(tmp_path: Path) -> None:
    imported = ready("customers", "email\nann@x.test\n", tmp_path)
    given = connection.get_connection_params()
    given.pop("cursor_factory", None), given.pop("context", None)
    other = psycopg.connect(**given)
    other.execute("SELECT pg_advisory_lock(%s, %s)", [holding.LOCKS, imported.pk])
    Import.objects.update(status="running", owner="another", heartbeat_at=timezone.now())
    assert abandoned() == []
    with pytest.raises(holding.Taken, match="another process"):
        run.run(imported.pk)
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert abandoned() == [imported.pk]
    Import.objects.update(heartbeat_at=timezone.now())
    assert abandoned() == []
    other.close()
    until = time.monotonic() + 10
    while not abandoned() and time.monotonic() < until:  # the server ends a session in its own time
        time.sleep(0.01)
    assert abandoned() == [imported.pk]
    assert run.run(imported.pk).counts["taken"] == 1


def test_what_a_dead_worker_was_to_begin_or_to_undo_is_begun_by_another(tmp_path: Path) -> None:
    waiting, undone = (ready("customers", "email\nann@x.test\n", tmp_path) for _ in range(2))
    run.run(undone.pk)
    actions.begin_undo(undone, by=BY)
    assert (abandoned(), left_half_undone()) == ([], [])  # their jobs may be on their way
    Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert (abandoned(), left_half_undone()) == ([waiting.pk], [(undone.pk, BY)])
    for _ in range(2):
        jobs.revive()
    with connection.cursor() as cursor:
        cursor.execute("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == [f"undo import {undone.pk}", f"run import {waiting.pk}"]


def test_a_stopped_import_takes_nothing_more_until_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run.STEP, "customers", 5)
    content = "email\n" + "".join(f"p{n}@x.test\n" for n in range(20))
    imported = ready("customers", content, tmp_path)

    def stops(progress: Import) -> None:
        if progress.position == 10:
            actions.stop(progress, by=BY)

    assert run.run(imported.pk, stops).status == "stopped"
    assert Customer.objects.count() == 10
    actions.resume(imported, by=BY, queue=False)
    assert run.run(imported.pk).counts["taken"] == 20
    assert Customer.objects.count() == 20


def test_what_no_row_gets_past_ends_the_import_instead_of_setting_all_of_them_aside(
    tmp_path: Path, settings: Any
) -> None:
    settings.KARIBU_PIPELINE = "karibu.imports.tests.test_importing.FALLING_OVER"
    imported = bring("orders", ORDERS, tmp_path)
    assert (imported.status, imported.reason) == ("failed", "Not one row could be taken: KeyError: 'a bug of ours'")
    assert imported.position == 0 and not RejectedRow.objects.exists() and not Order.objects.exists()
    settings.KARIBU_PIPELINE = "karibu.config.pipeline.STAGES"
    actions.resume(imported, by=BY, queue=False)
    assert run.run(imported.pk).counts["taken"] == 2


def falls_over(batch: Any) -> None:
    raise KeyError("a bug of ours")


FALLING_OVER = [falls_over]


def test_a_shopify_export_of_orders_needs_no_mapping(tmp_path: Path) -> None:
    bring("orders", SHOPIFY, tmp_path)
    assert list(Order.objects.order_by("order_id").values_list("order_id", "total", "currency")) == [
        ("#1001", Decimal(35), "KES"), ("#1002", Decimal(15), "KES"),
    ]  # fmt: skip
    assert list(OrderLine.objects.order_by("product_id").values_list("product_id", "price", "quantity", "total")) == [
        ("BAS-1", Decimal(10), 1, Decimal(10)), ("KIK-B", Decimal(10), 2, Decimal(20)),
        ("MUG", Decimal(15), 1, Decimal(15)),
    ]  # fmt: skip


SHOPIFY = """Name,Email,Financial Status,Currency,Subtotal,Shipping,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id,Source
#1001,ann@x.test,paid,KES,30.00,5.00,35.00,2026-01-05 10:00:00 +0200,2,Kikoi,10.00,KIK-B,450789469,web
#1001,ann@x.test,,,,,,2026-01-05 10:00:00 +0200,1,Basket,10.00,BAS-1,,
#1002,bob@x.test,paid,KES,15.00,0.00,15.00,2026-01-07 12:00:00 +0200,1,Mug,15.00,MUG,450789470,web
"""  # noqa: E501


def test_an_apostrophe_that_tells_a_spreadsheet_of_text_is_no_part_of_an_id(tmp_path: Path) -> None:
    columns = "Customer ID,Email,Accepts Email Marketing,Total Spent,Default Address City,Default Address Country Code"
    bring("customers", f"{columns}\n'207119551,ann@x.test,yes,199.65,Kigali,RW\n", tmp_path)
    assert Customer.objects.values_list("email", "city", "country").get() == ("ann@x.test", "Kigali", "RW")
    assert Identity.objects.get(kind="external").value == "207119551"


def test_a_mapping_without_a_customer_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(actions.NotReady, match="who the customer is"):
        ready("orders", "order_id,date,total\n1,2026-01-01,3\n", tmp_path)


def test_days_that_come_first_are_noticed(tmp_path: Path) -> None:
    bring("orders", "order_id,customer_id,date,total\n1,7,03/04/2026,1\n2,7,25/04/2026,1\n", tmp_path)
    assert [f"{order.placed_at:%d %B}" for order in Order.objects.order_by("order_id")] == ["03 April", "25 April"]


@pytest.mark.data
def test_a_slice_of_the_real_shop_has_its_exact_totals(data: Path, tmp_path: Path) -> None:
    source = data / "completejourney/transactions.parquet"
    part = tmp_path / "part.parquet"
    chosen = f"SELECT * FROM '{source}' WHERE household_id < 40 ORDER BY hash(product_id, basket_id)"
    duckdb.sql(f"COPY ({chosen}) TO '{part}' (FORMAT parquet)")
    ((lines, orders, people, products, cents),) = duckdb.sql(
        f"""SELECT count(*), count(DISTINCT basket_id), count(DISTINCT household_id), count(DISTINCT product_id),
                   sum(round(sales_value * 100)::bigint) FROM '{part}'"""
    ).fetchall()
    bring("orders", part, tmp_path)
    assert (OrderLine.objects.count(), Order.objects.count()) == (lines, orders)
    assert Customer.objects.count() == people
    assert OrderLine.objects.values("product_id").distinct().count() == products
    assert not Product.objects.exists()  # the file gives ids of products and nothing that tells what they are
    assert sum(order.total for order in Order.objects.all()) == Decimal(cents) / 100
    assert sum(customer.spent for customer in Customer.objects.all()) == Decimal(cents) / 100
    assert sum(line.total for line in OrderLine.objects.all()) == Decimal(cents) / 100
