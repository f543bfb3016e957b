"""Files become customers, products, orders and events, exactly once."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from karibu.consents.models import Consent
from karibu.customers.models import Customer, Identity
from karibu.events import log
from karibu.imports import actions, run
from karibu.imports.models import RejectedRow
from karibu.imports.tests.making import BY, ORDERS, bring, ready
from karibu.shop.models import Order, OrderLine, Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


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


def test_events_come_with_their_own_times_and_properties(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"event": "Product Viewed", "userId": "7", "timestamp": "2025-06-01T10:00:00Z",'
        ' "properties": {"product_id": "a"}}\n'
        '{"event": "Wheel Spun", "userId": "7", "timestamp": "nonsense"}\n'
        '{"event": "Deep", "userId": "7", "properties": ' + "[" * 9999 + "]" * 9999 + "}\n"
    )
    imported = bring("events", path, tmp_path)
    (only,) = log.recent(10)
    assert (only.name, only.product_id, only.historical, only.import_id) == ("Product Viewed", "a", True, imported.pk)
    assert list(RejectedRow.objects.order_by("line").values_list("line", "field")) == [(2, "time"), (3, "")]


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
