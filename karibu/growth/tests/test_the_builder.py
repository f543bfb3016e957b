"""A marketer makes a form, looks at it while typing, and puts it live."""

from typing import Any

import pytest
from django.test import Client

from karibu.growth.models import SignUp

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
SAID = {
    "name": "Letters", "slug": "letters", "shows": "seconds", "threshold": 5, "wording": "Yes, write to me.",
    "at_once": 1, "is_confirmed": "on", "topics": ["offers"], "fields_asked": ["first_name", "city"],
    "a_heading": "Letters", "a_text": "Monthly.", "a_button": "Sign up", "a_thanks": "Thanks.",
    "b_heading": "Post", "b_button": "Go", "sw_heading": "Barua", "sw_wording": "Ndiyo.",
}  # fmt: skip


def test_what_is_saved_is_shown_again(marketer: Any) -> None:
    client: Client = marketer
    made = client.post("/growth/forms/new/", SAID)
    form = SignUp.objects.get()
    assert made.headers["Location"] == f"/growth/forms/{form.pk}/" and form.live_at is None
    assert [one["heading"] for one in form.versions] == ["Letters", "Post"]
    assert form.texts["sw"]["wording"] == "Ndiyo." and form.fields == ["first_name", "city"]
    page = client.get(f"/growth/forms/{form.pk}/").content.decode()
    assert all(text in page for text in ("Letters", "Post", "Barua", "have to be seen", "/p/letters/"))
    client.get(f"/growth/forms/{form.pk}/publish/")
    client.post(f"/growth/forms/{form.pk}/publish/")
    [live] = client.get("/forms/live.json?language=sw-KE").json()["forms"]
    assert live["versions"]["b"]["heading"] == "Barua" and live["wording"] == "Ndiyo."
    assert [one["name"] for one in live["fields"]] == ["first_name", "city"]


def test_the_preview_shows_what_is_typed_and_keeps_nothing(marketer: Any) -> None:
    shown = marketer.post("/growth/forms/preview/", {**SAID, "a_heading": "<b>Typed</b>"}).content.decode()
    assert "&lt;b&gt;Typed" in shown and "First name" in shown and "City" not in shown
    assert not SignUp.objects.exists()


def test_a_form_without_topics_or_words_is_not_saved(marketer: Any) -> None:
    assert marketer.post("/growth/forms/new/", {**SAID, "topics": [], "a_heading": ""}).status_code == 422
    assert not SignUp.objects.exists()
