"""Merging and taking apart (PAINS 33)."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karibu.customers import merging
from karibu.customers.merging import MergeRefused, merge_customers, undo_merge
from karibu.customers.models import Activity, Customer, Identity, Link, Merge, Trait
from karibu.customers.queries import family, find, resolve
from karibu.customers.tests.making import NOON, event, take, take_each, told
from karibu.web.models import AuditEntry

pytestmark = pytest.mark.django_db
BY = "owner@example.test"


def people(*names: str) -> list[int]:
    """Customers who are different in everything that a merge joins."""
    return take_each(
        [
            told(
                n,
                user=name,
                browser=f"{name}'s phone",
                name=name.title(),
                email=f"{name}@example.com",
                plan=f"plan {n}",
            )
            for n, name in enumerate(names)
        ]
    )


def everything() -> list[object]:
    """All that is known of everybody, in a form that can be compared."""
    return [
        list(Customer.objects.order_by("id").values()),
        list(Identity.objects.order_by("id").values()),
        list(Link.objects.order_by("id").values()),
        list(Trait.objects.order_by("id").values()),
        list(Activity.objects.order_by("customer_id").values()),
    ]


def test_the_sum_of_the_parts_is_the_whole() -> None:
    amina, ben = people("amina", "ben")
    merge_customers(amina, ben, by=BY, reason="test")
    assert family(amina) == [amina, ben] and resolve(ben) == amina
    assert Identity.objects.filter(customer_id=amina).count() == 6
    assert not Identity.objects.filter(customer_id=ben).exists()
    whole = Customer.objects.get(pk=amina)
    assert (whole.name, whole.traits["plan"]) == ("Ben", "plan 1")  # the later word of two equal sources
    assert take(event(5, user="ben")) == [amina]
    assert AuditEntry.objects.get(verb="merged customers").detail["loser"] == ben


def test_undo_restores_both() -> None:
    amina, ben = people("amina", "ben")
    before = everything()
    undo_merge(merge_customers(amina, ben, by=BY, reason="test"), by=BY)
    # Activity of the one who stays is not taken back: they were seen, whoever it was.
    assert everything()[:-1] == before[:-1]


def test_rows_of_other_apps_follow_and_come_back() -> None:
    amina, ben = people("amina", "ben")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE parcel (id serial PRIMARY KEY, customer_id bigint)")
        cursor.execute("INSERT INTO parcel (customer_id) VALUES (%s), (%s), (%s)", [amina, ben, ben])
    merging.register("parcel", "customer_id")
    try:
        merge = merge_customers(amina, ben, by=BY, reason="test")
        assert owners() == [amina, amina, amina]
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO parcel (customer_id) VALUES (%s)", [amina])
        undo_merge(merge, by=BY)
        assert owners() == [amina, ben, ben, amina]  # what came later stays with the one who stayed
    finally:
        merging._followers.pop("parcel.customer_id")


def test_a_row_that_went_to_somebody_else_meanwhile_is_not_taken_from_them() -> None:
    amina, ben, zuri = people("amina", "ben", "zuri")
    merge = merge_customers(amina, ben, by=BY, reason="test")
    moved = Identity.objects.get(kind="email", value="ben@example.com")
    Identity.objects.filter(pk=moved.pk).update(customer_id=zuri)
    undo_merge(merge, by=BY)
    assert Identity.objects.get(pk=moved.pk).customer_id == zuri
    assert Identity.objects.get(kind="external", value="ben").customer_id == ben


def test_who_left_and_was_merged_anew_is_not_given_away_by_an_older_undo() -> None:
    amina, ben, zuri = people("amina", "ben", "zuri")
    inner = merge_customers(amina, ben, by=BY, reason="test")
    outer = merge_customers(zuri, amina, by=BY, reason="test")
    undo_merge(inner, by=BY)
    merge_customers(zuri, ben, by=BY, reason="test")
    undo_merge(outer, by=BY)
    assert set(Identity.objects.filter(customer_id=zuri, kind="external").values_list("value", flat=True)) == {
        "zuri",
        "ben",
    }
    assert Identity.objects.get(kind="external", value="amina").customer_id == amina
    assert (resolve(ben), resolve(amina)) == (zuri, amina)


def test_a_search_finds_who_they_are_today() -> None:
    amina, ben = people("amina", "ben")
    merge = merge_customers(amina, ben, by=BY, reason="test")
    assert [find(text).ids for text in ("ben@exam", "amina@exam")] == [[amina], [amina]]
    undo_merge(merge, by=BY)
    assert [find(text).ids for text in ("ben@exam", "amina@exam")] == [[ben], [amina]]


def test_who_was_erased_is_merged_with_nobody() -> None:
    amina, ben = people("amina", "ben")
    Customer.objects.filter(pk=ben).update(erased_at=NOON)
    before = everything()
    for winner, loser in ((amina, ben), (ben, amina)):
        with pytest.raises(MergeRefused, match="was erased"):
            merge_customers(winner, loser, by=BY, reason="test")
    assert everything() == before and not Merge.objects.exists()


def owners() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT customer_id FROM parcel ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_what_cannot_be_merged_is_refused_and_nothing_changes() -> None:
    amina, ben = people("amina", "ben")
    merge = merge_customers(amina, ben, by=BY, reason="test")
    before = everything()
    for winner, loser in ((amina, amina), (amina, ben), (ben, amina), (amina, 10**9)):
        with pytest.raises(MergeRefused):
            merge_customers(winner, loser, by=BY, reason="test")
    assert everything() == before
    undo_merge(merge, by=BY)
    with pytest.raises(MergeRefused, match="undone already"):
        undo_merge(merge, by=BY)


def test_a_colleague_who_took_visits_apart_is_not_overruled_by_the_next_visit() -> None:
    (nameless,) = take(event(0, browser="kiosk"))
    (amina,) = take(told(1, user="amina", browser="kiosk"))
    undo_merge(Merge.objects.get(loser=nameless).pk, by=BY)
    take(event(2, user="amina", browser="kiosk"), event(0, browser="kiosk"))
    assert resolve(nameless) == nameless and resolve(amina) == amina


# Each step merges two of the five (by their place) or undoes one of the merges in force.
steps = st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.integers(0, 99)), max_size=12)


@pytest.mark.slow
@given(steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_merges_and_undos_keep_every_row_with_its_person(db, chosen: list[tuple[bool, int, int]]) -> None:
    Merge.objects.all().delete()
    Customer.objects.all().delete()
    Identity.objects.all().delete()
    Link.objects.all().delete()
    Trait.objects.all().delete()
    five = people("a", "b", "c", "d", "e")
    before = everything()[:-1]
    first_owner = dict(Identity.objects.values_list("id", "customer_id"))
    for is_merge, one, two in chosen:
        _step(is_merge, one, two)
        for row, owner in Identity.objects.values_list("id", "customer_id"):
            assert owner == root(first_owner[row])
        assert all(resolve(person) == root(person) for person in five)
    for merge in Merge.objects.filter(undone_at=None).order_by("?"):
        undo_merge(merge.pk, by=BY)
    assert everything()[:-1] == before


def _step(is_merge: bool, one: int, two: int) -> None:
    roots = list(Customer.objects.filter(merged_into=None).order_by("id").values_list("id", flat=True))
    merges = list(Merge.objects.filter(undone_at=None).order_by("id").values_list("id", flat=True))
    if is_merge and len(roots) > 1:
        winner = roots.pop(one % len(roots))
        merge_customers(winner, roots[two % len(roots)], by=BY, reason="test")
    elif merges:
        undo_merge(merges[one % len(merges)], by=BY)


def root(customer_id: int) -> int:
    """Who someone is, by following the merges in force one after the other."""
    while above := Merge.objects.filter(loser=customer_id, undone_at=None).first():
        customer_id = above.winner
    return customer_id


def test_rows_follow_by_each_column_that_names_a_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_followers", dict(merging._followers))
    amina, ben = people("amina", "ben")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE gift (id bigint, giver bigint, taker bigint) ON COMMIT DROP")
        cursor.execute("INSERT INTO gift VALUES (1, %s, %s), (2, %s, %s)", [ben, amina, ben, ben])
        merging.register("gift", "giver")
        merging.register("gift", "taker")
        merge = merge_customers(amina, ben, by=BY, reason="test")
        cursor.execute("SELECT giver, taker FROM gift ORDER BY id")
        assert cursor.fetchall() == [(amina, amina), (amina, amina)]
        undo_merge(merge, by=BY)
        cursor.execute("SELECT giver, taker FROM gift ORDER BY id")
        assert cursor.fetchall() == [(ben, amina), (ben, ben)]
