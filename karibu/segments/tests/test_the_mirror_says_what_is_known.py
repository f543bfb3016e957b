from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from karibu.consents.models import Consent, Suppression
from karibu.consents.queries import in_force
from karibu.customers.merging import merge_customers
from karibu.customers.models import Customer
from karibu.segments import columns, mirror
from karibu.segments.mirror import build
from karibu.segments.models import Rfm
from karibu.segments.tests.people import BEGUN, customer, merged, mirrored
from karibu.shop.models import Cart, Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


def test_what_is_known_of_a_customer_stands_in_typed_columns():
    amina = customer(
        name="Amina, „the\nfirst“", email="amina@example.com", country="RW", orders=2, spent=Decimal("12.30"),
        last_order_at=BEGUN,
    )  # fmt: skip
    state = mirror.current()
    (row,) = mirrored(state).values()
    assert row["id"] == amina
    assert (row["name"], row["country"], row["city"]) == ("Amina, „the\nfirst“", "RW", None)
    assert (row["orders"], row["spent"], row["last_order_at"]) == (2, Decimal("12.30"), BEGUN)
    assert (row["is_anonymous"], row["consents"], row["suppressed"], row["rfm"]) == (False, [], [], None)
    assert list(row) == list(columns.columns())


def test_an_installation_without_customers_has_an_empty_mirror():
    assert mirrored(mirror.current()) == {}
    assert list(mirror.rows([])) == list(mirror.rows([1]))


def test_values_of_traits_are_text_whatever_they_are():
    traits = {
        "size": "M", "Size": 42, "vip": True, "born": "1990-01-31", "tags": ["a", "b"], "empty": "", "gone": None,
        "ratio": 0.5, 'odd "name", really': "x", "address": {"zip": "1"},
    }  # fmt: skip
    one, other = customer(traits=traits), customer(traits={"size": "L"})
    seen = mirrored(mirror.current())
    values = {name: seen[one][mirror.column_of(name)] for name in traits if mirror.column_of(name)}
    assert values == {
        "size": "M", "Size": "42", "vip": "true", "born": "1990-01-31", "tags": '["a", "b"]', "empty": "",
        "ratio": "0.5", 'odd "name", really': "x", "address": '{"zip": "1"}',
    }  # fmt: skip
    assert seen[other][mirror.column_of("size")] == "L"
    assert seen[other][mirror.column_of("Size")] is None
    assert mirror.column_of("never heard of") is None
    assert mirror.column_of("country") == "country"


def test_a_trait_whose_name_is_too_long_has_no_column_and_breaks_nothing():
    amina = customer(traits={"k" * 201: 1, "Size": 38})
    assert mirrored(mirror.current())[amina][columns.column_of("Size")] == "38"
    assert list(columns.trait_numbers()) == ["Size"]


def test_orders_carts_and_groups_are_columns_too():
    buyer = customer()
    now = timezone.now()
    for n, (status, days) in enumerate([("placed", 9), ("cancelled", 20), ("refunded", 12), ("awaited", 30)]):
        Order.objects.create(
            order_id=f"o{n}", customer_id=buyer, status=status, placed_at=now - timedelta(days=days), total=1,
            currency="USD", updated_at=now,
        )  # fmt: skip
    for n, (status, hours) in enumerate([("open", 5), ("open", 2), ("ordered", 1)]):
        at = now - timedelta(hours=hours)
        Cart.objects.create(
            cart_id=f"c{n}", customer_id=buyer, status=status, value=n + 1, created_at=at, updated_at=at
        )
    Rfm.objects.create(customer_id=buyer, recency=5, frequency=4, monetary=3, group="loyal", at=now)
    row = mirrored(mirror.current())[buyer]
    assert row["first_order_at"] == now - timedelta(days=12)
    assert (row["open_cart_value"], row["open_cart_at"]) == (Decimal(2), now - timedelta(hours=2))
    assert (row["rfm"], row["rfm_recency"], row["rfm_frequency"], row["rfm_monetary"]) == ("loyal", 5, 4, 3)


def test_an_address_that_is_blocked_shows_at_everybody_who_has_it():
    one, same = customer(email="a@example.com"), customer(email="a@example.com", phone="+250788000111")
    other = customer(email="b@example.com")
    for channel, value in (("email", "a@example.com"), ("sms", "+250788000111")):
        Suppression.objects.create(channel=channel, value=value, reason="manual", at=BEGUN)
    Suppression.objects.create(channel="email", value="b@example.com", reason="manual", at=BEGUN, lifted_at=BEGUN)
    seen = mirrored(mirror.current())
    assert [seen[who]["suppressed"] for who in (one, same, other)] == [["email"], ["email", "sms"], []]


STATEMENT = st.tuples(
    st.sampled_from(["email", "sms"]), st.sampled_from(["offers", "news", "*"]),
    st.sampled_from(["given", "withdrawn"]), st.sampled_from([10, 30, 40]), st.integers(0, 5),
)  # fmt: skip


@given(said=st.lists(st.lists(STATEMENT, max_size=6), min_size=1, max_size=3))
def test_consents_are_what_the_gate_would_say(said):
    Customer.objects.all().delete()
    Consent.objects.all().delete()
    people = [customer() for _ in said]
    for who, statements in zip(people, said, strict=True):
        for channel, topic, status, strength, day in statements:
            Consent.objects.create(
                customer_id=who, channel=channel, topic=topic, status=status, strength=strength,
                at=BEGUN + timedelta(days=day), method="form", source="Shop",
            )  # fmt: skip
    wanted: dict[int, list[str]] = {who: [] for who in people}
    for channel, topic in Consent.objects.values_list("channel", "topic").distinct().order_by("channel", "topic"):
        spoken = Consent.objects.filter(channel=channel, topic=topic).values_list("customer_id", flat=True)
        for who, status in in_force(list(spoken.distinct()), channel, topic).items():
            wanted[who].append(f"{channel}/{topic}/{status}")
    assert {row["id"]: row["consents"] for row in mirror.rows(people).to_pylist()} == {
        who: sorted(consents) for who, consents in wanted.items()
    }


def test_who_was_merged_is_one_with_the_winner_and_has_no_row():
    winner, loser, third = customer(), customer(), customer()
    merge_customers(winner, loser, by="test", reason="")
    state = mirror.current()
    assert set(mirrored(state)) == {winner, third}
    assert merged(state) == {loser: winner}
    assert mirror.family([loser]).to_pylist() == [{"id": who, "person": winner} for who in (winner, loser)]
    assert mirror.roots([loser, third]) == [winner, third]


def test_only_the_columns_asked_for_are_read():
    one = customer(country="RW", traits={"size": "M"})
    size = mirror.column_of("size") or mirror.current().columns[-1]
    state = mirror.current({"country", size})
    assert mirrored(state) == {one: {"id": one, "country": "RW", size: "M"}}
    assert mirror.rows([one], ["country"]).to_pylist() == [{"id": one, "country": "RW"}]


def test_many_customers_make_many_files_and_a_trait_may_come_up_late(monkeypatch):
    monkeypatch.setattr(build, "UNKNOWN", 4)
    monkeypatch.setattr(build, "FILE", 8)
    monkeypatch.setattr(build, "group_rows", lambda: 4)
    people = [customer(traits={"size": str(n)}) for n in range(21)]
    late = customer(traits={"shoe": "44"})
    mirror.rebuild()
    state = mirror.current()
    assert len(state.files) == 4
    seen = mirrored(state)
    assert [seen[who][mirror.column_of("size")] for who in people] == [str(n) for n in range(21)]
    assert {who: row[mirror.column_of("shoe")] for who, row in seen.items()} == dict.fromkeys(people) | {late: "44"}


def test_scores_that_an_upper_app_registers_are_a_column(monkeypatch):
    monkeypatch.setattr(columns, "_predictions", {})
    one = customer(orders=4)
    mirror.rebuild()
    columns.register_prediction("churn", "SELECT id, orders / 8.0 FROM customers_customer WHERE {who} AND orders > 3")
    # The key of a registered statement is customer_id.
    columns._predictions["churn"] = (
        "SELECT customer_id, score FROM (SELECT id AS customer_id, orders / 8.0 AS score"
        " FROM customers_customer) AS scores WHERE {who}"
    )
    assert mirrored(mirror.current())[one]["p_churn"] == 0.5


def test_suggestions_know_kinds_and_frequent_values():
    for n in range(6):
        customer(traits={"size": "M" if n else "S", "born": f"1990-01-0{n + 1}", "points": n % 2, "vip": True})
    mirror.rebuild()
    known = {trait.name: trait for trait in mirror.traits()}
    assert {name: trait.kind for name, trait in known.items()} == {
        "born": "date", "points": "number", "size": "text", "vip": "truth",
    }  # fmt: skip
    assert known["size"].values == ["M", "S"]
    assert known["size"].column == mirror.column_of("size")
