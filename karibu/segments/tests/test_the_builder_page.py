"""The builder's page without script: posted forms add and take out rows, mark what is wrong, and save."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from karibu.messages.models import Template
from karibu.segments import actions, words
from karibu.segments.definition import parse
from karibu.segments.models import Segment
from karibu.shop.models import Product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]

NEW = "/segments/new/conditions/"


def fields(page: str) -> dict[str, str | list[str]]:
    """What a browser would post of the builder's form on this page."""
    form = page[page.index('id="builder"') :]
    form = form[: form.index("</form>")]
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        if name and 'type="checkbox"' in tag:
            if " checked" in tag:
                found[name[1]] = [*found.get(name[1], []), re.search(r'value="([^"]*)"', tag)[1]]
        elif name:
            found[name[1]] = value[1] if (value := re.search(r'value="([^"]*)"', tag)) else ""
    for tag, options in re.findall(r"(<select[^>]*>)(.*?)</select>", form, re.S):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        name = re.search(r'name="([^"]*)"', tag)[1]
        first = re.search(r'<option value="([^"]*)"', options)
        found[name] = (chosen or [first[1] if first else ""])[0]
    found.pop("csrfmiddlewaretoken", None)
    return found


def page(client: Client, path: str = NEW) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, before: str, deed: str, path: str = NEW, status: int = 200, **said: str) -> str:
    changed = {name.replace("__", "."): value for name, value in said.items()}
    answer = client.post(path, {**fields(before), **changed, "do": deed})
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_a_segment_is_made_with_forms_alone(marketer):
    shown = press(marketer, page(marketer), "show", r_0__trait="country")
    shown = press(marketer, shown, "row:r", r_0__op="is", r_0__value="RW")
    shown = press(marketer, shown, "show", r_1__kind="event", r_1__event="Product Viewed", r_1__measure="count")
    shown = press(marketer, shown, "show", r_1__value="3", r_1__span="days")
    shown = press(marketer, shown, "where:r_1", r_1__length="7")
    shown = press(marketer, shown, "show", **{"r_1__w0__property": "category"})
    shown = press(marketer, shown, "group:r", **{"r_1__w0__value": "Shoes"})
    press(marketer, shown, "save", status=302, name="Looking", r_2_0__trait="email", r_2_0__op="exists")
    made = Segment.objects.get()
    assert made.name == "Looking" and made.created_by == "brian@shop.test"
    shoes = {"property": "category", "op": "is", "value": "Shoes"}
    expected = [
        {"trait": "country", "op": "is", "value": "RW"},
        {"event": "Product Viewed", "where": [shoes], "op": "gte", "value": 3, "within": {"days": 7}},
        {"any": [{"trait": "email", "op": "exists"}]},
    ]
    assert made.definition == parse({"all": expected}).raw


def test_what_is_missing_stands_at_its_row_and_nothing_is_saved(marketer):
    shown = press(marketer, page(marketer), "row:r", r_0__trait="country")
    shown = press(marketer, shown, "save", status=422, name="Half")
    assert "2 conditions are not complete" in shown and not Segment.objects.exists()
    assert re.search(r'id="why-r_0">Say which value\.<', shown)
    assert re.search(r'id="why-r_1">Choose what this is about\.<', shown)
    assert shown.count("condition--wrong") == 2 and 'value="Half"' in shown


def test_a_name_is_asked_for(marketer):
    shown = press(marketer, page(marketer), "show", r_0__trait="email")
    shown = press(marketer, shown, "save", status=422, r_0__op="exists")
    assert "This field is required" in shown and not Segment.objects.exists()


def test_the_sentence_tells_what_counts_already(marketer):
    shown = press(marketer, page(marketer), "row:r", r_0__trait="email", r_0__op="exists")
    assert "Customers whose e-mail is known." in shown


def test_a_recipe_can_be_changed_first(marketer):
    path = f"{NEW}?recipe=lapsed-90"
    shown = page(marketer, path)
    assert 'value="Lapsed for 90 days"' in shown
    press(marketer, shown, "save", path, status=302, r_1__value="60")
    made = Segment.objects.get()
    assert made.recipe == "lapsed-90"
    assert made.definition["all"][1] == {"trait": "last_order_at", "op": "not_in_last_days", "value": 60}


def test_a_segment_of_those_in_two_others_begins_with_both(marketer, segment):
    one, other = segment("One"), segment("Other")
    shown = page(marketer, f"{NEW}?in={one.pk}&in={other.pk}")
    assert "who are in segment “One” and who are in segment “Other”" in shown


def test_two_tabs_the_second_to_save_is_told_and_keeps_what_was_typed(marketer, segment):
    made = segment("Mine")
    path = f"/segments/{made.pk}/edit/"
    one, other = page(marketer, path), page(marketer, path)
    press(marketer, one, "save", path, status=302, r_0__trait="phone")
    shown = press(marketer, other, "save", path, status=422, name="Ours")
    assert "changed meanwhile" in shown and 'value="Ours"' in shown
    made.refresh_from_db()
    assert made.name == "Mine" and made.definition == {"all": [{"trait": "phone", "op": "exists"}]}
    press(marketer, shown, "save", path, status=302)
    made.refresh_from_db()
    assert made.name == "Ours" and made.definition == {"all": [{"trait": "email", "op": "exists"}]}


def test_a_segment_cannot_become_a_part_of_itself(marketer, segment):
    inner = segment("Inner")
    outer = segment("Outer", definition={"all": [{"segment": inner.pk}]})
    path = f"/segments/{inner.pk}/edit/"
    shown = press(marketer, page(marketer, path), "show", path, r_0__kind="segment")
    shown = press(marketer, shown, "save", path, status=422, r_0__value=str(outer.pk))
    assert "would contain itself" in shown
    inner.refresh_from_db()
    assert inner.definition == {"all": [{"trait": "email", "op": "exists"}]}


def test_nothing_that_is_posted_breaks_the_page(marketer):
    posts = [
        {"r_0.kind": "x" * 5000, "do": "row:r"},
        {"r_0.kind": "written", "r_0.value": "{" * 900, "do": "save", "name": "x"},
        {"r_0.kind": "written", "r_0.value": "[1]", "do": "show"},
        {"r_9999_9999.is": "all", "r_0.w999.property": "a'b", "r_0.kind": "event", "do": "where:r_0"},
        {"r.is": "then", "r_0.kind": "trait", "r_0.trait": "\x00", "r_0.op": "is", "r_0.value": "\x00", "do": "save"},
        {"r_0.kind": "event", "r_0.event": "a", "r_0.measure": "count", "r_0.value": "1e999", "do": "show"},
        {"r_0.kind": "segment", "r_0.value": "²", "do": "show"},
        {"r_0.kind": "trait", "r_0.trait": "orders", "r_0.op": "between", "r_0.value": "nan", "do": "show"},
        {"_".join(["r", *["0"] * 24]) + ".kind": "trait", "do": "show"},
    ]
    for post in posts:
        assert marketer.post(NEW, post).status_code in (200, 422), post
        assert marketer.post("/segments/preview/", post).status_code == 200, post
    assert not Segment.objects.exists()


def test_a_value_is_shown_as_text_and_never_as_markup(marketer):
    shown = press(marketer, page(marketer), "show", r_0__trait="city")
    shown = press(marketer, shown, "show", r_0__value='"><script>alert(1)</script>')
    assert "<script>alert" not in shown and "&lt;script&gt;alert" in shown
    answer = marketer.post("/segments/preview/", {**fields(shown)}).content.decode()
    assert "<script>alert" not in answer


def test_htmx_gets_the_rows_alone_and_asks_for_a_new_preview(marketer):
    answer = marketer.post(NEW, {"do": "row:r"}, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<html" not in text and text.count('class="condition"') == 1
    assert answer["HX-Trigger-After-Settle"] == "draft"


def test_reading_the_builder_writes_nothing(marketer, segment):
    made = segment("Mine")
    before = Segment.objects.values().get()
    page(marketer, f"/segments/{made.pk}/edit/")
    marketer.post(f"/segments/{made.pk}/edit/", {"do": "row:r"})
    assert Segment.objects.values().get() == before


def test_the_longest_definition_there_may_be_can_be_edited(marketer, segment):
    many = {"all": [{"trait": "name", "op": "is_not", "value": f"x{number}"} for number in range(500)]}
    made = segment("Long", definition=many)
    path = f"/segments/{made.pk}/edit/"
    press(marketer, page(marketer, path), "save", path, status=302, r_499__value="y")
    made.refresh_from_db()
    assert made.definition["all"][499]["value"] == "y" and len(made.definition["all"]) == 500


def test_a_preview_that_a_newer_one_ended_changes_nothing_on_the_page(marketer, monkeypatch):
    from karibu.segments import run

    def ended(*_: object) -> None:
        raise run.Cancelled

    monkeypatch.setattr(run, "count_and_sample", ended)
    form = {"r.is": "all", "r_0.kind": "trait", "r_0.trait": "email", "r_0.op": "exists", "tab": "one"}
    assert marketer.post("/segments/preview/", form).status_code == 204


def test_each_tab_of_each_colleague_ends_only_its_own_previews(marketer, agent, monkeypatch):
    from contextlib import nullcontext

    from karibu.segments import run

    keys: list[str] = []
    monkeypatch.setattr(run, "cancelling", lambda key, turn: keys.append(key) or nullcontext())
    form = {"r.is": "all", "r_0.kind": "trait", "r_0.trait": "email", "r_0.op": "exists"}
    for tab in ("one", "one", "other"):
        marketer.post("/segments/preview/", {**form, "tab": tab})
    assert keys[0] == keys[1] != keys[2] and len(keys) == 3
    assert agent.post("/segments/preview/", {**form, "tab": "one"}).status_code == 403


def test_of_many_values_those_chosen_are_shown_and_one_more_can_be_added(marketer):
    shown = press(marketer, page(marketer), "show", r_0__trait="country")
    shown = press(marketer, shown, "show", r_0__op="in")
    assert 'type="checkbox"' not in shown  # 250 countries, of which none is chosen
    shown = press(marketer, shown, "show", r_0__add="RW")
    shown = press(marketer, shown, "show", r_0__add="KE")
    assert fields(shown)["r_0.values"] == ["KE", "RW"] and "one of “Rwanda”, “Kenya”" in shown
    assert not re.search(r'<option value="RW"', shown)
    press(marketer, shown, "save", status=302, name="Two", r_0__values="KE")
    assert Segment.objects.get().definition == {"all": [{"trait": "country", "op": "in", "value": ["KE"]}]}


def test_few_values_are_all_boxes_to_tick(marketer):
    shown = press(marketer, page(marketer), "show", r_0__kind="rfm")
    assert shown.count('type="checkbox"') == 11 and "r_0.add" not in shown


def test_who_says_bought_says_next_which_product(marketer):
    shown = press(marketer, page(marketer), "show", r_0__kind="bought")
    assert "which product" in shown
    shown = press(marketer, shown, "where:r_0")
    assert fields(shown)["r_0.w0.property"] == "product_id" and "which product" not in shown
    shown = press(marketer, shown, "show", **{"r_0__w0__value": "basket"})
    assert "who ordered where product is “basket”" in shown


def test_a_segment_is_copied_into_a_new_one(marketer, segment):
    made = segment("Mine")
    path = f"{NEW}?like={made.pk}"
    shown = page(marketer, path)
    assert 'value="Mine (copy)"' in shown
    press(marketer, shown, "save", path, status=302, r_0__op="missing")
    copy = Segment.objects.exclude(pk=made.pk).get()
    made.refresh_from_db()
    assert copy.definition == {"all": [{"trait": "email", "op": "missing"}]} != made.definition


def test_those_only_in_one_of_two_segments_become_one(marketer, segment):
    one, other = segment("One"), segment("Other")
    shown = page(marketer, f"{NEW}?in={one.pk}&out={other.pk}")
    assert "who are in segment “One” and who are not in segment “Other”" in shown
    assert 'value="One, but not Other"' in shown
    assert 'value="One and Other"' in page(marketer, f"{NEW}?in={one.pk}&in={other.pk}")
    segment("One and Other")
    assert 'value="One and Other (2)"' in page(marketer, f"{NEW}?in={one.pk}&in={other.pk}")


def test_two_segments_of_one_name_are_not_made(marketer, segment):
    segment("VIP")
    mine = segment("Mine")
    shown = press(marketer, page(marketer), "show", r_0__trait="email")
    shown = press(marketer, shown, "save", status=422, name=" vip ", r_0__op="exists")
    assert "There is a segment called “VIP” already" in shown and Segment.objects.count() == 2
    path = f"/segments/{mine.pk}/edit/"
    press(marketer, page(marketer, path), "save", path, status=422, name="VIP")
    press(marketer, page(marketer, path), "save", path, status=302)


def test_what_is_written_of_a_segment_that_went_into_the_archive_meanwhile_is_kept(marketer, segment):
    made = segment("Mine")
    path = f"/segments/{made.pk}/edit/"
    shown = page(marketer, path)
    actions.archive(made, by="a colleague")
    shown = press(marketer, shown, "show", path, r_0__op="missing")
    shown = press(marketer, shown, "save", path, status=422)
    assert "went into the archive meanwhile" in shown and 'value="missing" selected' in shown
    actions.restore(made, by="a colleague")
    press(marketer, shown, "save", path, status=302)
    made.refresh_from_db()
    assert made.definition == {"all": [{"trait": "email", "op": "missing"}]}


def test_one_goes_on_where_something_was_added_or_is_wrong(marketer):
    def focused(shown: str) -> list[str]:
        return re.findall(r'id="([^"]+)" autofocus', shown)

    shown = page(marketer)
    assert focused(shown) == []
    assert focused(press(marketer, shown, "row:r")) == ["r_1.kind"]
    assert focused(press(marketer, shown, "group:r")) == ["r_1_0.kind"]
    shown = press(marketer, shown, "show", r_0__kind="event", r_0__event="Product Viewed")
    assert focused(press(marketer, shown, "copy:r_0")) == ["r_1.kind"]
    shown = press(marketer, shown, "where:r_0")
    assert focused(shown) == ["r_0.w0.property"]
    assert focused(press(marketer, shown, "save", status=422, name="Viewers")) == ["r_0.kind"]
    assert focused(press(marketer, shown, "remove:r_0")) == ["r.to-row"]
    assert "autofocus" in re.search(r'<input[^>]*name="name"[^>]*>', press(marketer, shown, "save", status=422))[0]


def test_sentences_call_products_and_senders_by_their_names(segment):
    Product.objects.create(product_id="p1", name="Sisal basket", updated_at=timezone.now())
    template = Template.objects.create(key="hello", name="Hello", channel="email")
    bought = {"event": "Order Completed", "where": [{"property": "product", "op": "in", "value": ["p1", "p2"]}]}
    opened = {"message": {"did": "opened", "template": template.pk}}
    assert "who ordered where product is one of “Sisal basket”, “p2”." in words.sentence(bought)
    assert "who opened a message of template “Hello”." in words.sentence(opened)
    assert "of campaign 4." in words.sentence({"message": {"did": "opened", "campaign": 4}})


def test_a_segment_that_this_version_cannot_read_is_begun_anew(marketer):
    now = timezone.now()
    old = Segment.objects.create(
        name="Old", definition={"trait": "country"}, created_at=now, updated_at=now, created_by="t"
    )
    for path in (f"/segments/{old.pk}/", f"{NEW}?like={old.pk}"):
        assert page(marketer, path)
    shown = press(marketer, page(marketer, f"/segments/{old.pk}/edit/"), "row:r", f"/segments/{old.pk}/edit/")
    shown = press(marketer, shown, "show", f"/segments/{old.pk}/edit/", r_0__trait="country")
    said = {"r_0__op": "is", "r_0__value": "RW"}
    press(marketer, shown, "save", f"/segments/{old.pk}/edit/", status=302, **said)
    old.refresh_from_db()
    assert old.definition == {"all": [{"trait": "country", "op": "is", "value": "RW"}]}
