"""What is known and who said so (PAINS 31, 36)."""

import pytest

from karibu.customers.models import Customer, Trait
from karibu.customers.raw import cursor
from karibu.customers.search import refresh
from karibu.customers.strength import Strength
from karibu.customers.tests.making import at, event, take, take_each, told
from karibu.customers.traits import Said, record, settle

pytestmark = pytest.mark.django_db


def one() -> Customer:
    return Customer.objects.get(merged_into=None)


def say(name: str, value: object, strength: Strength, minutes: float, source: str = "somewhere") -> None:
    record(cursor(), [Said(one().pk, name, value, source, strength, at(minutes))])


def test_a_weaker_source_never_overwrites_a_stronger_one() -> None:
    take(told(0, user="amina", city="Kigali"))
    say("city", "Butare", Strength.COLLEAGUE, 1)
    for later, weaker in enumerate((Strength.FORM, Strength.ORDER, Strength.SHOP, Strength.IMPORT, Strength.INFERRED)):
        say("city", f"wrong {weaker}", weaker, 10 + later, f"source {weaker}")
        assert one().city == "Butare"
    assert Trait.objects.filter(name="city").count() == 7  # every word is kept with its source


def test_among_equals_the_latest_word_counts_whenever_it_arrives() -> None:
    take_each([told(5, user="amina", plan="gold"), told(1, user="amina", plan="silver", source="Server")])
    assert one().traits == {"plan": "gold"}
    take(told(9, user="amina", plan="lead", source="Server"))
    assert one().traits == {"plan": "lead"}
    take(told(7, user="amina", plan="tin", source="Server"))
    assert one().traits == {"plan": "lead"}


def test_a_source_takes_its_word_back_with_null() -> None:
    take_each([told(0, user="amina", plan="gold", city="Kigali"), told(1, user="amina", plan=None)])
    assert (one().traits, one().city) == ({}, "Kigali")


def test_what_the_checkout_was_told_outweighs_the_profile() -> None:
    order = {"email": "new@example.com", "customer": {"first_name": "Amina", "last_name": "Uwase"}}
    take_each(
        [
            told(0, user="amina", email="old@example.com", name="guest 7"),
            event(1, user="amina", type="track", name="Order Completed", order_id="1", properties=order),
            told(2, user="amina", email="old@example.com"),
        ]
    )
    assert one().email == "new@example.com"


def test_names_come_together_from_their_parts() -> None:
    take(told(0, user="amina", firstName="Amina"))
    assert one().name == "Amina"
    take(told(1, user="amina", last_name="Uwase"))
    assert one().name == "Amina Uwase"
    take(told(2, user="amina", name="Mme Uwase"))
    assert one().name == "Mme Uwase"


def test_an_address_gives_city_and_country_and_reads_the_phone_number() -> None:
    take(told(0, user="amina", phone="0788 123 456", address={"city": "Kigali", "country": "rw"}))
    assert (one().city, one().country, one().phone) == ("Kigali", "RW", "+250788123456")


def test_a_browser_gives_language_and_time_zone_at_first_sight() -> None:
    take(event(browser="laptop", context={"locale": "pt-BR", "timezone": "America/Sao_Paulo"}))
    assert (one().language, one().timezone) == ("pt-BR", "America/Sao_Paulo")


def test_nonsense_does_not_reach_the_columns() -> None:
    take(told(0, user="amina", email="none", phone="n/a", country="Rwanda", note="a\x00b"))
    assert (one().email, one().phone, one().country) == ("", "", "")
    assert one().traits == {"email_as_given": "none", "phone_as_given": "n/a", "country_name": "Rwanda", "note": "ab"}


def test_a_thousand_typed_traits_keep_their_types() -> None:
    many = {f"trait {n}": [n, n / 2, n % 2 == 0, f"text {n}", [n], {"n": n}][n % 6] for n in range(1000)}
    take(told(0, user="amina", **many))
    assert one().traits == many
    take(told(1, user="amina", **{"trait 7": "changed"}))
    assert one().traits == many | {"trait 7": "changed"}


def test_events_without_traits_write_no_ledger() -> None:
    take(event(0, user="amina", browser="laptop"), event(1, browser="other"))
    assert not Trait.objects.exists()


def test_the_guess_of_the_browser_stays_through_a_merge_until_somebody_says_better() -> None:
    guess = {"locale": "sw", "timezone": "Africa/Kigali"}
    take_each([event(0, browser="laptop", context=guess), event(1, user="amina", browser="laptop", context=guess)])
    assert (one().language, one().timezone) == ("sw", "Africa/Kigali")
    take(told(2, user="amina", language="fr"))
    assert (one().language, one().timezone) == ("fr", "Africa/Kigali")


def test_a_new_customer_is_written_as_settling_would_leave_them() -> None:
    amina = [
        told(0, user="amina", email="amina@example.com", plan="gold", city="Kigali", locale="sw", source="Web shop"),
        told(0, user="amina", plan="tin", city=None, firstName="Amina", source="Server"),  # said in the same moment
        told(-3, user="amina", plan="lead", lastName="Uwase", birthday=None, source="Fair"),
        event(1, user="amina", type="track", name="Order Completed", properties={"phone": "+250788123456"}),
    ]
    jo = [event(0, user="jo", context={"locale": "pt-BR", "timezone": "America/Sao_Paulo"})]
    people = sorted(set(take(*amina, *jo)))
    written = list(Customer.objects.filter(pk__in=people).order_by("pk").values())
    assert [row["language"] for row in written] == ["sw", "pt-BR"]
    settle(cursor(), people)
    refresh(cursor(), people)
    assert list(Customer.objects.filter(pk__in=people).order_by("pk").values()) == written


def _version() -> str:
    return str(cursor().execute("SELECT ctid::text FROM customers_customer").fetchall())


def test_the_same_told_again_writes_the_customer_no_more() -> None:
    take(told(0, user="amina", email="amina@example.com", plan="gold"))
    before = _version()
    take(told(1, user="amina", email="amina@example.com", plan="gold"))
    assert _version() == before
    take(told(2, user="amina", email="amina@example.com", plan="tin"))
    assert _version() != before and one().traits == {"plan": "tin"}
