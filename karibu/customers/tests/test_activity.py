"""When people were seen: by what they do, not by the lists that somebody brings in."""

import pytest

from karibu.customers.models import Activity
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
