"""What the builder offers to choose from comes from what the shop has: events, properties, products, traits."""

import pytest
from django.utils import timezone

from karibu.segments.builder import log_values
from karibu.segments.builder.known import Known, suggestions
from karibu.shop.models import Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture(autouse=True)
def nothing_kept():
    log_values.forget()


@pytest.fixture
def looks(send):
    """Three looks at shoes and one at a bag, each with a colour; and a search."""

    def look(number, category, colour):
        item = {"product_id": f"p{number}", "category": category, "name": f"Thing {number}", "price": 10}
        return {
            "event": "Product Viewed",
            "userId": "u1",
            "timestamp": timezone.now().isoformat(),
            "properties": {**item, "colour": colour, "shipping": {"method": "boat"}},
        }

    search = {"event": "Products Searched", "userId": "u1", "properties": {"query": "sisal"}}
    send(look(1, "Shoes", "red"), look(2, "Shoes", "red"), look(3, "Shoes", "blue"), look(4, "Bags", "blue"), search)


def options(groups, head):
    return [key for said, shown in groups if str(said) == head for key, _ in shown]


def test_events_that_happened_come_first_and_the_others_after(looks):
    groups = Known().event_groups()
    assert options(groups, "In the log, most often first") == ["Product Viewed", "Products Searched"]
    rest = options(groups, "Not seen yet")
    assert "Order Completed" in rest and "Product Viewed" not in rest


def test_the_properties_of_an_event_are_those_it_had(looks):
    told = log_values.properties("Product Viewed")
    assert {"colour", "shipping"} <= set(told)
    assert "colour" in options(Known().property_groups("Product Viewed"), "In this event")
    assert log_values.properties("Never Happened") == []


def test_values_come_most_frequent_first(looks):
    assert log_values.values("Product Viewed", "category") == ["Shoes", "Bags"]
    assert log_values.values("Product Viewed", "shipping.method") == ["boat"]
    assert log_values.values("Products Searched", "query") == ["sisal"]
    assert log_values.values("Product Viewed", 'no"such.x') == []


def test_what_is_typed_narrows_what_is_suggested(looks, marketer):
    asked = "/segments/values/?event=Product+Viewed&property=colour&r_0.w0.value="
    assert marketer.get(asked).content.decode().count("<option") == 2
    narrowed = marketer.get(f"{asked}RE").content.decode()
    assert 'value="red"' in narrowed and "blue" not in narrowed


def test_of_a_property_whose_name_is_half_typed_nothing_is_suggested(looks, marketer):
    for name in ("shipping.", "shipping..method", '"', "a[0]", "\0"):
        shown = marketer.get("/segments/values/", {"event": "Product Viewed", "property": name})
        assert (shown.status_code, shown.content.strip()) == (200, b"")
    shown = marketer.get("/segments/values/", {"event": "Product Viewed", "property": "shipping.method"})
    assert b"boat" in shown.content


def test_the_next_value_of_a_list_is_suggested_behind_those_before_it(looks, marketer):
    asked = "/segments/values/?event=Product+Viewed&property=colour&r_0.w0.listed="
    assert 'value="red"' in marketer.get(f"{asked}re").content.decode()
    narrowed = marketer.get(f"{asked}red,bl").content.decode()
    assert 'value="red, blue"' in narrowed and narrowed.count("<option") == 1
    assert "<option" not in marketer.get(f"{asked.replace('listed', 'value')}red,bl").content.decode()


def test_cities_are_suggested_by_how_many_live_there(person):
    for number, city in enumerate(["Huye", "Kigali", "Kigali", ""]):
        person(f"Person {number}", city=city)
    known = Known()
    assert known.hints(known.trait("city")) == [("Kigali", ""), ("Huye", "")]
    assert known.hints(known.trait("email")) == ()


def test_products_are_found_by_name_and_chosen_by_id(marketer):
    for number, name in ((1, "Kiondo bag"), (2, "Sisal basket")):
        Product.objects.create(product_id=f"p{number}", name=name, updated_at=timezone.now())
    assert suggestions("Product Viewed", "product_id", "kiondo") == [("p1", "Kiondo bag")]
    assert Known().product_name("p2") == "(Sisal basket)" and Known().product_name("p9") == ""


def test_traits_are_offered_with_their_kind_and_values(person):
    from karibu.segments import mirror

    for size in (38, 40, 40):
        person(f"Wearer {size} {timezone.now().timestamp()}", traits={"shoe_size": size, "newsletter": True})
    mirror.rebuild()
    known = Known()
    assert known.trait("shoe_size").kind == "number" and known.trait("newsletter").kind == "truth"
    assert [value for value, _ in known.trait("shoe_size").hints] == ["40", "38"]
    assert "shoe_size" in options(known.trait_groups(), "What the shop told")
    assert known.trait("country").choices and known.trait("never heard of").kind == "text"


def test_only_senders_that_sent_are_offered(person):
    from karibu.messages import starters
    from karibu.messages.actions import Intent, intend

    starters.plant()
    amina = person("Amina")
    intend([Intent(customer_id=amina.pk, key="k1", template_key="cart-reminder", sender="journey:77")])
    groups = Known().message_groups()
    assert options(groups, "Of a journey") == ["journey:77"] and options(groups, "Of a campaign") == []
    assert options(groups, "With the template")
