"""The pages of a campaign: four steps with the check beside them, then its report."""

import pytest
from django.test import Client
from django.utils import timezone

from karibu.campaigns import actions, engine
from karibu.campaigns.models import Campaign
from karibu.campaigns.tests.crowd import BY, again, campaign, fates, launched, people, run, segment, template
from karibu.messages import tokens
from karibu.messages.channels.models import Account, Post
from karibu.messages.models import Message
from karibu.segments import actions as segments
from karibu.web.models import User

pytestmark = pytest.mark.django_db


def signed_in(role: str = "marketer", email: str = BY) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(email, role=role))
    return client


def posted(one: Campaign, **more: object) -> dict[str, object]:
    known = {"name": one.name, "holdout": 0, "when": "now", "late_hours": 12, "goal": "clicks", "window_days": 5}
    return {**known, "include": one.include, "template_a": "spring", **more}


def test_an_empty_list_teaches() -> None:
    client = signed_in()
    shown = client.get("/campaigns/").content.decode()
    assert "No campaign yet" in shown and "/campaigns/new/" in shown
    assert "Nothing goes out this month yet" in client.get("/campaigns/calendar/").content.decode()


def test_a_draft_is_discarded_and_a_test_of_one_template_is_pointed_at() -> None:
    client, one = signed_in(), campaign(segment("A", people(3)), test_share=20)
    page = client.get(f"/campaigns/{one.pk}/").content.decode()
    assert "A test needs a second template" in page and "Discard draft" in page
    assert client.post(f"/campaigns/{one.pk}/edit/", posted(one, test_share=20, launch="1")).status_code == 422
    client.post(f"/campaigns/{one.pk}/cancel/")
    run()
    assert again(one).status == "cancelled" and fates(one) == {}
    assert "Copy" in client.get(f"/campaigns/{one.pk}/").content.decode()


def test_a_segment_that_goes_into_the_archive_makes_no_draft_mean_everybody() -> None:
    client, gone = signed_in(), segment("Gone", people(3))
    one = campaign(gone)
    people(4)
    segments.archive(gone, by=BY)
    page = client.get(f"/campaigns/{one.pk}/").content.decode()
    assert "Gone (in the archive)" in page and "“Gone” is in the archive: nobody is in it." in page
    assert client.post(f"/campaigns/{one.pk}/edit/", posted(one)).status_code == 302
    assert again(one).include == [gone.pk]
    assert client.post(f"/campaigns/{one.pk}/edit/", posted(one, launch="1")).status_code == 422
    run()
    assert not Message.objects.exists()
    for answer in (client.get, lambda path: client.post(path, {"name": "To them", "segment": gone.pk})):
        assert answer(f"/campaigns/new/?segment={gone.pk}").headers["Location"] == f"/segments/{gone.pk}/"
    assert Campaign.objects.get() == one


def test_the_calendar_has_posts_on_their_day() -> None:
    account = Account.objects.create(kind="social", provider="mastodon", name="@duka", token="t", opened_by=BY)
    now = timezone.now()
    for n, (status, sent) in enumerate((("planned", None), ("sent", now), ("cancelled", None))):
        Post.objects.create(
            key=str(n), account=account, text=f"Word {status}", due_at=now, status=status, sent_at=sent, made_by=BY
        )
    shown = signed_in().get("/campaigns/calendar/").content.decode()
    assert "@duka: Word planned" in shown and "@duka: Word sent" in shown and "Word cancelled" not in shown


def test_a_campaign_is_made_checked_and_launched_on_one_page() -> None:
    client = signed_in()
    client.post("/campaigns/new/", {"name": "Spring sale"})
    one = Campaign.objects.get()
    template()
    a = segment("Buyers", people(3) + people(2, agreed=False))
    shown = client.get(f"/campaigns/{one.pk}/").content.decode()
    assert "Buyers (5)" in shown and "Choose what to send." in shown
    given = posted(one, include=[a.pk])
    checked = client.post(f"/campaigns/{one.pk}/check/", given).content.decode()
    assert "<strong>5</strong>" in checked and "never agreed" in checked
    assert again(one).include == [], "a check saves nothing"
    assert client.post(f"/campaigns/{one.pk}/edit/", {**given, "launch": "1"}).status_code == 302
    run()
    assert fates(one) == {"sent": 3, "refused no_consent": 2}
    report = client.get(f"/campaigns/{one.pk}/").content.decode()
    assert "Nobody was held out" in report and "Delivered" in report


def test_what_was_saved_is_what_stands_there_again() -> None:
    """PAINS 13, for a schedule."""
    client, one = signed_in(), campaign(segment("A", people(1)))
    plan = {
        "when": "local",
        "day": "2026-03-29",
        "hour": "02:30",
        "per_hour": "700",
        "late_hours": "3",
        "test_share": "",
    }
    client.post(f"/campaigns/{one.pk}/edit/", posted(one, **plan))
    shown = client.get(f"/campaigns/{one.pk}/").content.decode()
    for value in ('value="2026-03-29"', 'value="02:30"', 'value="700"', 'value="3"'):
        assert value in shown
    client.post(f"/campaigns/{one.pk}/edit/", posted(one, **plan))
    saved = again(one)
    assert (str(saved.day), str(saved.hour), saved.per_hour, saved.when) == ("2026-03-29", "02:30:00", 700, "local")


def test_what_keeps_it_from_being_launched_stands_at_its_field() -> None:
    client, one = signed_in(), campaign(segment("A", people(1)))
    answer = client.post(f"/campaigns/{one.pk}/edit/", posted(one, when="at", launch="1"))
    assert answer.status_code == 422
    assert "Say on which day." in answer.content.decode()
    assert again(one).status == "draft" and not Message.objects.exists()


def test_a_campaign_that_waits_for_a_segment_out_of_the_archive_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIND", 2)
    ids, client = people(6), signed_in()
    left_out = segment("Complained", ids[4:])
    one = launched(segment("A", ids), exclude=[left_out.pk])
    engine.advance(timezone.now())
    assert "in the archive" not in client.get(f"/campaigns/{one.pk}/").content.decode()
    segments.archive(left_out, by=BY)

    shown = client.get(f"/campaigns/{one.pk}/").content.decode()

    assert f'Nobody more is found: the segment <a href="/segments/{left_out.pk}/">Complained</a>' in shown


def test_the_buttons_pause_resume_cancel() -> None:
    client, one = signed_in(), launched(segment("A", people(1)), per_hour=1)
    for name, status in (("take-back", "draft"),):
        client.post(f"/campaigns/{one.pk}/{name}/")
        assert again(one).status == status
    actions.launch(one, by=BY)
    run()
    assert client.post(f"/campaigns/{one.pk}/pause/", follow=True).status_code == 200
    assert again(one).status == "sent", "what is over stays so"


def test_a_launch_waits_for_a_second_person_where_the_owner_wants_that() -> None:
    owner, meg = signed_in("owner", "owner@shop.test"), signed_in("marketer", "meg2@shop.test")
    owner.post("/campaigns/approval/", {"needed": "1"})
    one = campaign(segment("A", people(2)))
    meg.post(f"/campaigns/{one.pk}/edit/", posted(one, launch="1"))
    run()
    assert again(one).status == "awaiting" and not Message.objects.exists()
    meg.post(f"/campaigns/{one.pk}/approve/")
    assert again(one).status == "awaiting", "nobody approves their own"
    assert "You cannot approve" in meg.get(f"/campaigns/{one.pk}/").content.decode()
    owner.post(f"/campaigns/{one.pk}/approve/")
    run()
    assert fates(one) == {"sent": 2} and again(one).approved_by == "owner@shop.test"


def test_the_only_owner_may_approve_their_own_and_is_told_why() -> None:
    owner = signed_in("owner", "owner@shop.test")
    owner.post("/campaigns/approval/", {"needed": "1"})
    one = actions.launch(campaign(segment("A", people(1))), by="owner@shop.test")
    assert "only owner" in owner.get(f"/campaigns/{one.pk}/").content.decode()
    owner.post(f"/campaigns/{one.pk}/approve/")
    assert again(one).status == "scheduled"


def test_links_into_the_shop_say_which_campaign_they_came_from() -> None:
    one = launched(segment("A", people(1)), utm_campaign="spring")
    run()
    message = Message.objects.get(sender=one.sender)
    there = Client().get(f"/m/c/{tokens.sign(tokens.CLICK, message.pk, 0)}").headers["Location"]
    assert there.startswith("https://duka.example/?")
    for said in ("utm_source=karibu", "utm_medium=email", "utm_campaign=spring", "k_m="):
        assert said in there


def test_the_page_asks_how_far_it_is_until_it_is_over() -> None:
    client, one = signed_in(), launched(segment("A", people(3)), per_hour=1)
    asked = {"headers": {"HX-Request": "true"}}
    while again(one).status != "sending":
        engine.advance(timezone.now())
    assert "people" in client.get(f"/campaigns/{one.pk}/", **asked).content.decode()
    assert "HX-Refresh" not in client.get(f"/campaigns/{one.pk}/", **asked).headers
    actions.cancel(again(one), by=BY)
    assert client.get(f"/campaigns/{one.pk}/", **asked).headers["HX-Refresh"] == "true"


def test_a_campaign_begins_with_the_people_of_a_segment() -> None:
    client, friends = signed_in(), segment("Friends", people(2))
    path = f"/campaigns/new/?segment={friends.pk}"
    assert path in client.get(f"/segments/{friends.pk}/").content.decode()
    assert "with the people of “Friends”" in client.get(path).content.decode()
    client.post(path, {"name": "Hello", "segment": friends.pk})
    made = Campaign.objects.get()
    assert made.include == [friends.pk]
    segment("Also there", [])
    page = client.get(f"/campaigns/{made.pk}/").content.decode()
    assert page.index("Friends (2)") < page.index("Also there (0)")  # what is chosen stands in sight
    for wrong in ("x", "99999999"):
        assert client.get(f"/campaigns/new/?segment={wrong}").status_code == 200
