"""Whose an event is (PAINS 30, 32)."""

from itertools import permutations

import pytest

from karibu.collect.models import RejectedEvent
from karibu.customers.models import Customer, Identity, Link, Merge, Suggestion
from karibu.customers.queries import family, resolve
from karibu.customers.tests.making import alias, at, event, take, take_each, told, whose

pytestmark = pytest.mark.django_db


def test_an_external_id_is_one_person_on_every_device() -> None:
    one, two, other = take(
        event(user="amina", browser="laptop"), event(user="amina", browser="phone"), event(user="ben")
    )
    assert one == two != other


def test_a_browser_is_a_nameless_customer_until_someone_signs_in() -> None:
    first = event(browser="laptop")
    (nameless,) = take(first)
    assert Customer.objects.get(pk=nameless).is_anonymous
    assert take(event(1, browser="laptop")) == [nameless]
    (amina,) = take(told(2, user="amina", browser="laptop"))
    assert not Customer.objects.get(pk=amina).is_anonymous
    assert resolve(nameless) == amina
    assert family(amina) == sorted((nameless, amina))


def test_who_comes_with_nothing_is_nobody() -> None:
    assert take(event(), event(user="undefined"), event(user="null")) == [0, 0, 0]
    assert not Customer.objects.exists()


def test_the_second_to_sign_in_does_not_inherit_the_history_of_the_first() -> None:
    before, hers, his = event(0, browser="kiosk"), event(2, browser="kiosk"), event(7, browser="kiosk")
    amina, ben = told(1, user="amina", browser="kiosk"), told(6, user="ben", browser="kiosk")
    take_each([before, amina, hers, ben, his])
    assert whose(before) == whose(hers) == whose(amina)
    assert whose(his) == whose(ben) != whose(amina)


def test_the_order_of_two_sign_ins_on_one_browser_does_not_matter() -> None:
    for run, order in enumerate(permutations(range(3))):
        kiosk = f"kiosk {run}"
        three = [
            event(0, browser=kiosk),
            told(1, user=f"amina {run}", browser=kiosk),
            told(6, user=f"ben {run}", browser=kiosk),
        ]
        take_each([three[n] for n in order])
        visit, amina, ben = (whose(one) for one in three)
        assert visit == amina != ben, order


def test_the_anonymous_history_joins_when_its_events_come_after_the_sign_in() -> None:
    (amina,) = take(told(5, user="amina", browser="laptop"))
    late = event(0, browser="laptop")
    assert take(late) == [amina]
    assert late.recorded_as in family(amina)


def test_a_login_on_a_browser_with_history_joins_a_customer_that_exists() -> None:
    (amina,) = take(told(0, user="amina", browser="phone"))
    (nameless,) = take(event(1, browser="laptop"))
    assert take(event(2, user="amina", browser="laptop")) == [amina]
    assert resolve(nameless) == amina


def test_the_same_address_is_the_same_person_however_it_is_written() -> None:
    one, two = take_each(
        [told(browser="a", email="Amina@Example.com "), told(1, user="amina", email="amina@example.COM")]
    )
    assert one == two


def test_a_newsletter_reader_who_registers_keeps_their_history() -> None:
    (reader,) = take(told(0, browser="laptop", email="amina@example.com"))
    (customer,) = take(told(9, user="amina", browser="phone", email="amina@example.com"))
    assert resolve(reader) == customer


def test_two_external_ids_with_one_address_become_a_suggestion_and_stay_two() -> None:
    one, two = take_each(
        [told(user="amina", email="family@example.com"), told(1, user="ben", email="family@example.com")]
    )
    assert one != two
    assert list(Suggestion.objects.values_list("one", "other", "kind")) == [(one, two, "email")]
    assert not Merge.objects.exists()


def test_an_address_may_join_two_who_have_no_external_id() -> None:
    mail, phone = take_each([told(email="amina@example.com"), told(phone="+250788123456")])
    (both,) = take(told(2, email="amina@example.com", phone="+250788123456"))
    assert resolve(mail) == resolve(phone) == both


def test_an_order_shows_who_the_visitor_is() -> None:
    (nameless,) = take(event(0, browser="laptop"))
    order = event(
        3,
        browser="laptop",
        type="track",
        name="Order Completed",
        order_id="1042",
        properties={"email": "a@example.com"},
    )
    (buyer,) = take(order)
    assert resolve(nameless) == buyer
    assert Identity.objects.get(kind="email").evidence == "order 1042"


def test_alias_is_a_statement_that_two_ids_are_one_person_in_either_order() -> None:
    (old,) = take(event(user="old shop 7"))
    (new,) = take(event(user="amina"))
    take(alias(1, "old shop 7", "amina"))
    assert resolve(old) == resolve(new)
    (ben,) = take(alias(2, "old shop 8", "ben"))
    assert take(event(3, user="old shop 8")) == [ben]


def test_alias_joins_a_browser_to_its_person() -> None:
    (nameless,) = take(event(browser="laptop"))
    (amina,) = take(alias(1, "laptop", "amina"))
    assert resolve(nameless) == amina


def test_sharing_a_browser_merges_nobody() -> None:
    for minute in range(0, 12, 2):
        take(event(minute, user="amina", browser="kiosk"), event(minute + 1, user="ben", browser="kiosk"))
    assert Customer.objects.filter(merged_into=None).count() == 2


def test_everything_in_one_batch_is_the_same_as_one_by_one() -> None:
    def story(who: str) -> list:
        return [
            event(0, browser=who),
            told(1, browser=who, email=f"{who}@example.com"),
            event(2, user=who, browser=who),
            told(3, user=who, email=f"{who}@example.com"),
            event(4, user=f"{who} too", browser=who),
            event(5, browser=who),
        ]

    together, apart = story("together"), story("apart")
    take(*together)
    take_each(apart)
    shapes = [[[whose(one) == whose(two) for one in events] for two in events] for events in (together, apart)]
    assert shapes[0] == shapes[1]


def test_a_shared_browser_goes_on_after_one_of_its_people_was_erased() -> None:
    (nameless,) = take(event(0, browser="kiosk"))
    (amina,), (ben,) = take(told(1, user="amina", browser="kiosk")), take(told(6, user="ben", browser="kiosk"))
    assert resolve(nameless) == amina
    # As an erasure leaves it: her rows are empty, her identifiers and links are gone, the browser is Ben's.
    Customer.objects.filter(pk__in=family(amina)).update(erased_at=at(7))
    Identity.objects.filter(customer_id=amina).delete()
    Link.objects.filter(customer_id=amina).delete()
    early = event(2, browser="kiosk")
    assert take(early, event(8, browser="kiosk")) == [ben, ben]
    assert early.recorded_as not in (0, nameless)


def test_one_whose_record_contradicts_itself_is_set_aside_and_the_others_go_on(send) -> None:
    (broken,) = take(event(user="amina"))
    Customer.objects.filter(pk=broken).update(merged_into=999_999_999)  # no such customer; the identifier was left
    send({"userId": "amina", "event": "A"}, {"userId": "ben", "event": "B"}, {"userId": "chloe", "event": "C"})
    assert RejectedEvent.objects.count() == 1
    assert set(Identity.objects.values_list("value", flat=True)) == {"amina", "ben", "chloe"}
