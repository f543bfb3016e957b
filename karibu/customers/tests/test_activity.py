"""When people were seen: by what they do, not by the lists that somebody brings in."""

import pytest

from karibu.customers.models import Activity, Customer
from karibu.customers.tests.making import at, event, take, told

pytestmark = pytest.mark.django_db


def test_a_list_that_is_imported_is_no_visit() -> None:
    take(event(0, user="amina"))
    listed = told(60, user="amina", city="Huye")
    listed.import_id, listed.historical = 3, True
    take(listed)
    assert Activity.objects.get().last_seen == at(0)
    take(event(70, user="amina"))
    assert Activity.objects.get().last_seen == at(70)


def test_whoever_is_known_from_a_list_alone_has_its_time() -> None:
    listed = told(60, user="jo")
    listed.import_id = 3
    take(listed)
    assert (Activity.objects.get().first_seen, Activity.objects.get().last_seen) == (at(60), at(60))


def test_the_database_notes_who_has_ordered_whatever_comes_first() -> None:
    def noted() -> list[tuple[str, bool]]:
        return list(Activity.objects.order_by("customer").values_list("customer__name", "has_ordered"))

    before = Customer.objects.create(name="Before", created_at=at(0), orders=2)
    after = Customer.objects.create(name="After", created_at=at(0))
    for one in (before, after):
        Activity.objects.create(customer=one, first_seen=at(0), last_seen=at(0))
    assert noted() == [("Before", True), ("After", False)]
    Customer.objects.filter(pk=after.pk).update(orders=1, spent=9)
    Customer.objects.filter(pk=before.pk).update(orders=3)
    assert noted() == [("Before", True), ("After", True)]
    Customer.objects.filter(pk=before.pk).update(orders=0)
    assert noted() == [("Before", False), ("After", True)]
