"""The pages of segments: each says what it shows, and its buttons do what they say."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from karibu.customers import raw, search
from karibu.customers.models import Customer
from karibu.segments import actions, queries
from karibu.segments.models import Member, Segment, Size
from karibu.segments.recipes import RECIPES
from karibu.web.models import AuditEntry

pytestmark = pytest.mark.django_db


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_an_empty_installation_leads_to_the_ready_made_ones(marketer):
    assert "No segment yet" in text(marketer, "/segments/")
    page = text(marketer, "/segments/new/")
    assert len(RECIPES) == 20
    for recipe in RECIPES.values():
        assert str(recipe.name) in page
    assert "Customers whose last order is not in the last 90 days" in page or "not in the last 90 days" in page


def test_a_ready_made_segment_is_there_after_one_click(marketer):
    answer = marketer.post("/segments/recipes/lapsed-90/", follow=True)
    made = Segment.objects.get()
    assert answer.redirect_chain == [(f"/segments/{made.pk}/", 302)]
    page = answer.content.decode()
    assert made.recipe == "lapsed-90" and "Lapsed for 90 days" in page and "being found" in page
    assert "in use" in text(marketer, "/segments/new/")
    assert AuditEntry.objects.filter(verb="created segment", subject=f"segment {made.pk}").count() == 1


def test_big_spenders_begin_where_the_best_tenth_of_this_shop_begins(person):
    queries._top_tenth = None
    for number in range(1, 21):
        person(f"Buyer {number}", orders=1, spent=number * 1234)
    assert RECIPES["big-spenders"].definition() == {"all": [{"trait": "spent", "op": "gte", "value": 22000}]}
    queries._top_tenth = None


def test_the_list_says_each_in_a_sentence_with_its_size_day_by_day(marketer, segment, person):
    made = segment(
        "Wakenya", person("Amina", country="KE"), definition={"all": [{"trait": "country", "op": "is", "value": "KE"}]}
    )
    assert "from tomorrow on" in text(marketer, "/segments/")
    Size.objects.create(segment_id=made.pk, day=timezone.now().date() - timedelta(days=9), members=4)
    page = text(marketer, "/segments/")
    assert "Customers whose country is “Kenya”." in page and 'class="spark"' in page
    assert "from tomorrow on" not in page
    sizes = queries.sizes([made.pk], 30)[made.pk]
    assert [members for _, members in sizes] == [4] * 9 + [1]


def test_a_list_asks_as_many_statements_for_ten_segments_as_for_one(marketer, segment, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    first = segment("First")
    text(marketer, "/segments/")
    with CaptureQueriesContext(connection) as one:
        text(marketer, "/segments/")
    for number in range(9):
        segment(f"More {number}", definition={"all": [{"segment": first.pk}]})
    with CaptureQueriesContext(connection) as ten:
        page = text(marketer, "/segments/")
    assert "who are in segment “First”" in page
    assert len(ten) <= len(one) + 1  # the names of segments in definitions


def test_the_page_reloads_itself_once_the_members_were_found(marketer, segment, person):
    made = segment("New")
    Segment.objects.filter(pk=made.pk).update(size=None)
    assert f'hx-get="/segments/{made.pk}/waiting/"' in text(marketer, f"/segments/{made.pk}/")
    answer = marketer.get(f"/segments/{made.pk}/waiting/")
    assert answer.status_code == 204 and "HX-Refresh" not in answer
    Segment.objects.filter(pk=made.pk).update(size=3)
    assert marketer.get(f"/segments/{made.pk}/waiting/")["HX-Refresh"] == "true"
    assert "waiting" not in text(marketer, f"/segments/{made.pk}/")


def test_members_of_before_are_shown_as_such_until_those_of_a_new_definition_were_found(marketer, segment, person):
    made = segment("Changed", person("Amina"))
    Segment.objects.filter(pk=made.pk).update(built_at=timezone.now(), built_digest="of the old one")
    actions.change(made, name="Renamed", by="test")
    assert "being found" not in text(marketer, f"/segments/{made.pk}/")
    actions.change(made, definition={"all": [{"trait": "phone", "op": "exists"}]}, by="test")
    page = text(marketer, f"/segments/{made.pk}/")
    assert "being found anew" in page and "Amina" in page
    assert "HX-Refresh" not in marketer.get(f"/segments/{made.pk}/waiting/")
    Segment.objects.filter(pk=made.pk).update(built_digest="of the new one")
    assert marketer.get(f"/segments/{made.pk}/waiting/")["HX-Refresh"] == "true"


def test_while_people_are_found_for_the_first_time_nobody_is_said_to_be_missing(marketer, segment):
    made = segment("New")
    assert "Nobody is in it now" in text(marketer, f"/segments/{made.pk}/")
    Segment.objects.filter(pk=made.pk).update(size=None)
    assert "Nobody is in it now" not in text(marketer, f"/segments/{made.pk}/")


def test_who_asks_for_a_segment_is_named_where_it_is_looked_at_and_where_it_is_changed(marketer, segment):
    made = segment("Inner")
    segment("Outer", definition={"all": [{"segment": made.pk}]})
    for path in (f"/segments/{made.pk}/", f"/segments/{made.pk}/edit/"):
        assert ">Outer</a>" in text(marketer, path)


def test_the_page_says_how_many_came_and_went_lately(marketer, segment):
    made, today = segment("Busy"), timezone.now().date()
    for days, entered, left in ((1, 30, 4), (6, 20, 3), (7, 1000, 1000)):
        Size.objects.create(segment_id=made.pk, day=today - timedelta(days=days), members=9, entered=entered, left=left)
    assert queries.moved(made.pk, 7) == {"entered": 50, "left": 7}
    assert "Entered in 7 days" in text(marketer, f"/segments/{made.pk}/")


def test_members_are_listed_with_since_when_and_as_csv(marketer, segment, person):
    amina, juma = person("Amina", country="RW", spent=50, orders=1), person("Juma", country="KE", spent=10)
    person("Outsider")
    made = segment("Two", amina, juma, since=timezone.now() - timedelta(days=3))
    search.refresh(raw.cursor(), [amina.pk, juma.pk])
    page = text(marketer, f"/segments/{made.pk}/")
    assert page.index("Amina") < page.index("Juma") and "Outsider" not in page and "3 days ago" in page
    csv = b"".join(marketer.get(f"/segments/{made.pk}/?format=csv").streaming_content).decode("utf-8-sig").splitlines()
    assert len(csv) == 3 and "since" in csv[0] and csv[1].startswith("Amina,")
    assert "Juma" in text(marketer, f"/segments/{made.pk}/?q=juma")
    assert "Amina" not in text(marketer, f"/segments/{made.pk}/?country=KE")


def test_a_large_segment_is_paged_by_id_whoever_went_meanwhile(marketer, segment, person, monkeypatch):
    monkeypatch.setattr(queries, "FEW", 3)
    people = [person(f"Person {number}") for number in range(120)]
    Customer.objects.filter(pk__in=[people[70].pk, people[71].pk]).update(merged_into=people[0].pk)
    made = segment("Many", *people)
    path, seen = f"/segments/{made.pk}/?sort=-id", []
    while path:
        page = text(marketer, path)
        seen += re.findall(r'<a href="/customers/(\d+)/">Person', page)
        path = unescape(found[1]) if (found := re.search(r'rel="next" href="([^"]+)"', page)) else ""
    expected = [one.pk for one in reversed(people) if one not in people[70:72]]
    assert [int(number) for number in seen] == expected
    best = text(marketer, f"/segments/{made.pk}/?sort=-spent")
    assert best.index("Person 119") < best.index("Person 118")
    assert "Person 119" in text(marketer, f"/segments/{made.pk}/?sort=-id&after=WyJ4Il0")  # a cursor of our own making


def test_who_fits_a_filter_in_a_large_segment_is_counted_behind_the_page(marketer, segment, person, monkeypatch):
    monkeypatch.setattr(queries, "FEW", 3)
    people = [person(f"Person {number}", country="RW" if number % 2 else "KE") for number in range(8)]
    search.refresh(raw.cursor(), [one.pk for one in people])
    path = f"/segments/{segment('Many', *people[:5]).pk}/"
    page = text(marketer, f"{path}?country=RW")
    assert "counting…" in page and "Person 1" in page and "Person 0" not in page
    assert text(marketer, f"{path}?country=RW&count=1").strip() == "2 of 5"
    assert "counting…" not in text(marketer, path)
    assert "1 of 5" in text(marketer, f"{path}?q=person+4")
    assert "0 of 5" in text(marketer, f"{path}?q=person+7")  # of all customers one, of the members none


def test_who_was_merged_or_erased_is_no_member_to_be_seen(marketer, segment, person):
    amina, gone, merged = person("Amina"), person("Gone", erased_at=timezone.now()), person("Merged", merged_into=1)
    page = text(marketer, f"/segments/{segment('All', amina, gone, merged).pk}/")
    assert "Amina" in page and "Gone" not in page and "Merged" not in page


def test_archiving_keeps_the_name_and_lets_everybody_go(marketer, segment, person):
    made = segment("Old", person("Amina"))
    archived = marketer.post(f"/segments/{made.pk}/archive/", follow=True).content.decode()
    assert "“Old” is archived" in archived and "Restore segment" in archived
    made.refresh_from_db()
    assert made.archived_at and not Member.objects.exists()
    assert "Amina" not in text(marketer, f"/segments/{made.pk}/")
    assert "Old" not in text(marketer, "/segments/") and "Old" in text(marketer, "/segments/?state=archived")
    segment("New")
    assert "1 of 1" in text(marketer, "/segments/?state=archived")  # of the archived ones
    assert "Restore segment" in text(marketer, f"/segments/{made.pk}/")
    for path in ("edit/", "audience/", "overlap/"):  # of a page that was open before
        assert marketer.get(f"/segments/{made.pk}/{path}").headers["Location"] == f"/segments/{made.pk}/"
    assert "Compare with" not in text(marketer, f"/segments/{made.pk}/")
    marketer.post(f"/segments/{made.pk}/restore/")
    made.refresh_from_db()
    assert made.archived_at is None and "Old" in text(marketer, "/segments/")
    verbs = AuditEntry.objects.filter(subject=f"segment {made.pk}").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["archived segment", "restored segment"]


def test_two_segments_are_compared(marketer, segment, person):
    amina, juma, neema = person("Amina"), person("Juma"), person("Neema")
    one, other = segment("One", amina, juma), segment("Other", juma, neema)
    third = segment("Third")
    assert queries.overlap(one, other) == queries.Overlap(one=1, both=1, other=1)
    page = text(marketer, f"/segments/{one.pk}/overlap/?with={other.pk}")
    assert "In both" in page and "Only in Other" in page and "<svg" in page
    assert "1 is in both: 50 % of “One”, 50 % of “Other”" in page.replace("\u202f", " ").replace("\xa0", " ")
    assert f"?in={one.pk}&amp;out={other.pk}" in page
    assert "Nobody is in both" in text(marketer, f"/segments/{one.pk}/overlap/?with={third.pk}")
    assert marketer.get(f"/segments/{one.pk}/overlap/?with=999").status_code == 404
    assert text(marketer, f"/segments/{one.pk}/overlap/?with=x")
    assert "In both" not in text(marketer, f"/segments/{one.pk}/overlap/?with={one.pk}")


def test_nothing_is_compared_with_a_segment_whose_people_are_not_known(marketer, segment, person):
    one, other = segment("One", person("Amina")), segment("Other")
    path = f"/segments/{one.pk}/overlap/?with={other.pk}"
    Segment.objects.filter(pk=other.pk).update(size=None)
    page = text(marketer, path)
    assert "are being found for the first time" in page and "In both" not in page
    assert f'hx-get="/segments/{other.pk}/waiting/"' in page
    actions.archive(other, by="test")
    page = text(marketer, path)
    assert "is in the archive: nobody is in it." in page and "In both" not in page


def test_a_ready_made_segment_that_is_used_twice_is_there_once(marketer, segment):
    segment("VIP")
    first = marketer.post("/segments/recipes/vip/")
    again = marketer.post("/segments/recipes/vip/", follow=True)
    assert again.redirect_chain[0][0] == first.headers["Location"] and "is in use already" in again.content.decode()
    assert list(Segment.objects.order_by("pk").values_list("name", flat=True)) == ["VIP", "VIP (2)"]


def test_one_that_comes_back_from_the_archive_takes_nobodys_name(marketer, segment):
    made = segment("Regulars")
    actions.archive(made, by="test")
    segment("regulars")
    shown = marketer.post(f"/segments/{made.pk}/restore/", follow=True).content.decode()
    assert "“Regulars” is back as “Regulars (2)”: another segment has its name." in shown
    made.refresh_from_db()
    assert (made.name, made.archived_at) == ("Regulars (2)", None)


def test_files_are_called_after_the_segment_and_the_day(marketer, segment, person):
    day = timezone.localdate()
    vip, other = segment("VIP & friends", person("Amina")), segment("重要", person("Juma"))

    def name(path: str) -> str:
        return marketer.get(path).headers["Content-Disposition"]

    assert name(f"/segments/{vip.pk}/?format=csv") == f'attachment; filename="vip-friends-{day}.csv"'
    assert name(f"/segments/{other.pk}/?format=csv") == f'attachment; filename="segment-{other.pk}-{day}.csv"'


def test_agents_see_segments_and_change_none(agent, segment):
    made = segment("All")
    page = text(agent, f"/segments/{made.pk}/")
    assert "Change segment" not in page and "Archive segment" not in page
    for path in ("archive/", "restore/", "edit/", "audience/"):
        assert agent.post(f"/segments/{made.pk}/{path}").status_code == 403
    assert agent.post("/segments/recipes/vip/").status_code == 403 and Segment.objects.get() == made


def test_the_top_search_and_the_customers_page_know_the_segments(marketer, segment, person):
    amina = person("Amina")
    made = segment("Friends of the house", amina)
    assert f'href="/segments/{made.pk}/"' in text(marketer, "/search/?q=friends")
    assert "Friends of the house" in text(marketer, f"/customers/{amina.pk}/")
