"""Messages, templates, rules and the mailbox on the screen."""

import pytest
from django.test import Client

from karibu.messages import send, starters
from karibu.messages.channels import keywords
from karibu.messages.models import Mail, Message, Template
from karibu.messages.system import send_mail
from karibu.messages.tests.cast import a_cart, a_person, the_shop, wants
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_user("amina@example.test", role="owner"))
    return client


@pytest.fixture
def agent() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("juma@example.test", role="agent"))
    return client


@pytest.fixture
def message() -> Message:
    the_shop()
    person = a_person("zuri")
    made = wants(person, cart=a_cart(person))
    send.send_due()
    return made


PAGES = ["/messages/", "/messages/templates/", "/messages/rules/", "/mailbox/"]


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_installation_passes_every_screen(owner, page):
    assert owner.get(page).status_code == 200


@pytest.mark.parametrize("page", [*PAGES, "/mailbox/1/", "/mailbox/1/body/", "/messages/1/"])
def test_strangers_are_asked_to_sign_in(client, page):
    assert client.get(page)["Location"].startswith("/sign-in/")


def test_the_list_says_what_became_of_each_message_and_why(owner, message):
    wants(a_person("nobody", agreed=False))
    send.send_due()
    text = owner.get("/messages/").content.decode()
    assert "zuri@example.com" in text and "never agreed" in text
    refused = owner.get("/messages/?status=refused").content.decode()
    assert "zuri@example.com" not in refused and "never agreed" in refused
    assert "zuri@example.com" in owner.get("/messages/?q=ZURI").content.decode()


def test_a_message_explains_itself(owner, message):
    text = owner.get(f"/messages/{message.pk}/").content.decode()
    assert "The person agreed to this kind of message" in text and "Sent" in text and "/p/1" in text
    refused = wants(a_person("nobody", agreed=False))
    send.send_due()
    text = owner.get(f"/messages/{refused.pk}/").content.decode()
    assert "not asked" in text and "never agreed" in text


def test_a_failed_message_is_tried_again_by_hand_only(owner, agent, message):
    Message.objects.update(status="failed", reason="unknown_outcome")
    assert agent.post(f"/messages/{message.pk}/retry/").status_code == 403
    assert owner.get(f"/messages/{message.pk}/retry/").status_code == 405
    owner.post(f"/messages/{message.pk}/retry/")
    message.refresh_from_db()
    assert message.status == "intended" and AuditEntry.objects.filter(verb="tried message again").count() == 1


def test_a_waiting_message_can_be_cancelled_and_a_sent_one_cannot(owner, message):
    owner.post(f"/messages/{message.pk}/cancel/")
    message.refresh_from_db()
    assert message.status == "sent"
    waiting = wants(a_person("later"))
    owner.post(f"/messages/{waiting.pk}/cancel/")
    send.send_due()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("cancelled", "by_hand") and Mail.objects.count() == 1


def test_the_mailbox_shows_a_mail_in_a_frame_that_runs_nothing(owner, message):
    mail = Mail.objects.get()
    assert "zuri@example.com" in owner.get("/mailbox/").content.decode()
    assert f'src="/mailbox/{mail.pk}/body/"' in owner.get(f"/mailbox/{mail.pk}/").content.decode()
    body = owner.get(f"/mailbox/{mail.pk}/body/")
    assert b"Mug" in body.content and body["X-Frame-Options"] == "SAMEORIGIN"
    assert "default-src 'none'" in body["Content-Security-Policy"] and "sandbox" in body["Content-Security-Policy"]
    assert "* Mug" in owner.get(f"/mailbox/{mail.pk}/?part=text").content.decode()
    assert "List-Unsubscribe" in owner.get(f"/mailbox/{mail.pk}/?part=source").content.decode()


def test_looking_at_a_mail_by_get_changes_nothing_and_the_page_tells_by_post(owner, message):
    mail = Mail.objects.get()
    owner.get(f"/mailbox/{mail.pk}/")
    assert Mail.objects.get().read_at is None
    owner.post(f"/mailbox/{mail.pk}/read/")
    assert Mail.objects.get().read_at


def test_the_mailbox_can_be_searched_and_answers_htmx_with_the_list_alone(owner, message):
    answer = owner.get("/mailbox/?q=nothing-like-it", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer and "No mail fits" in answer


@pytest.fixture
def by_hand(message):
    """The template as if somebody had written its MJML."""
    Template.objects.update(blocks=None)
    return Template.objects.get()


def test_a_template_is_edited_and_the_next_message_says_the_new_words(owner, by_hand):
    template = by_hand
    fields = {"name": "Cart", "topic": "offers", "is_marketing": "on", "subject": "New words", "text": ""}
    owner.post("/messages/templates/cart-reminder/", {**fields, "body": template.body})
    wants(a_person("next"))
    send.send_due()
    assert Mail.objects.latest("id").subject == "New words"
    owner.post("/messages/templates/cart-reminder/reset/")
    assert Template.objects.get().subject == starters.read("cart-reminder")["subject"]


@pytest.mark.parametrize(
    ("field", "source", "words"),
    [
        ("body", "<mjml><mj-body>\n<mj-sektion></mj-sektion></mj-body></mjml>", "Line 2: there is no element"),
        ("body", "<p>\n{{ a | no_such }}</p>", "unknown filter"),
        ("subject", "{% if x %}never closed", "endif"),
    ],
)
def test_a_faulty_template_is_not_saved_and_names_what_is_wrong(owner, by_hand, field, source, words):
    before = by_hand
    fields = {"name": "Cart", "topic": "offers", "subject": before.subject, "body": before.body, "text": before.text}
    answer = owner.post("/messages/templates/cart-reminder/", {**fields, field: source})
    assert answer.status_code == 422 and words in answer.content.decode()
    assert Template.objects.get().version == before.version
    assert words in owner.post("/messages/templates/cart-reminder/preview/", {**fields, field: source}).content.decode()


def test_the_preview_shows_the_draft_without_saving_it(owner, by_hand):
    answer = owner.post(
        "/messages/templates/cart-reminder/preview/", {"subject": "Draft", "body": "Karibu {{ customer.first_name }}"}
    )
    assert "Draft" in answer.content.decode() and "draft=" in answer.content.decode()
    assert b"Karibu Amina" in owner.get("/messages/templates/cart-reminder/body/?draft=1").content
    assert Template.objects.get().subject != "Draft"


def test_agents_read_messages_and_change_no_templates(agent, message):
    assert agent.get(f"/messages/{message.pk}/").status_code == 200
    assert agent.get("/messages/templates/").status_code == 403


def test_karibus_own_mail_lies_in_the_mailbox_too(owner):
    send_mail("owner@localhost", "Your sign-in link\r\nBcc: x@example.com", "Here: http://127.0.0.1/sign-in/abc/")
    mail = Mail.objects.get()
    assert mail.recipient == "owner@localhost" and b"\nBcc:" not in bytes(mail.raw)
    assert "/sign-in/abc/" in owner.get(f"/mailbox/{mail.pk}/").content.decode()
    with pytest.raises(ValueError, match="no address"):
        send_mail("nobody", "x", "y")


def test_a_sign_in_link_is_shown_to_its_recipient_and_to_owners_alone(owner, agent, message):
    send_mail("amina@example.test", "Your sign-in link", "Here: http://127.0.0.1/sign-in/owners-own/")
    send_mail("juma@example.test", "Your sign-in link", "Here: http://127.0.0.1/sign-in/agents-own/")
    to_owner, to_agent = (Mail.objects.get(recipient=f"{name}@example.test").pk for name in ("amina", "juma"))
    assert "amina@example.test" not in agent.get("/mailbox/").content.decode()
    assert [agent.get(f"/mailbox/{to_owner}/{part}").status_code for part in ("", "body/")] == [404, 404]
    assert "agents-own" in agent.get(f"/mailbox/{to_agent}/").content.decode()
    assert agent.get(f"/mailbox/{Mail.objects.get(message_id=message.pk).pk}/").status_code == 200
    assert "owners-own" in owner.get(f"/mailbox/{to_owner}/").content.decode()


def test_a_new_template_of_ones_own_begins_with_blocks_or_as_text(owner):
    made = owner.post("/messages/templates/new/", {"name": "Spring sale", "channel": "email"})
    assert made["Location"] == "/messages/templates/spring-sale/"
    assert [block["kind"] for block in Template.objects.get(key="spring-sale").blocks][-1] == "footer"
    owner.post("/messages/templates/new/", {"name": "Spring sale", "begin": "spring-sale"})
    assert Template.objects.get(key="spring-sale-2").blocks == Template.objects.get(key="spring-sale").blocks
    assert AuditEntry.objects.filter(verb="made template").count() == 2


def test_a_text_of_another_channel_is_its_words_alone(owner):
    Template.objects.create(key="note", name="Note", channel="sms", subject="", body="", text="Hi {{ customer.name }}")
    shown = owner.get("/messages/templates/note/").content.decode()
    assert "Hi Amina Uwase" in shown and "<iframe" not in shown and 'name="body"' not in shown
    fields = {"name": "Note", "topic": "offers", "subject": ""}
    assert owner.post("/messages/templates/note/", {**fields, "text": "{% if %}"}).status_code == 422
    owner.post("/messages/templates/note/", {**fields, "text": "Karibu"})
    assert Template.objects.get().text == "Karibu" and Template.objects.get().version == 2


def test_an_sms_says_as_how_many_it_is_billed_while_it_is_written(owner):
    Template.objects.create(key="note", name="Note", channel="sms", subject="", body="", text="Hi")
    fields = {"name": "Note", "topic": "offers", "is_marketing": "on"}

    def seen(text: str) -> str:
        return owner.post("/messages/templates/note/preview/", {**fields, "text": text}).content.decode()

    whole = f"Hi Kigali\n{keywords.way_out('en')}"
    assert f"1 SMS: {len(whole)} of 160 letters (GSM-7)" in seen("Hi {{ customer.city }}")
    assert "2 SMS" in seen("a" * 160) and "These letters make it longer: ł" in seen("Miło " + "a" * 80)
    assert "halves the room of each SMS, so this is 2 of them" in seen("Miło " + "a" * 80)
    assert "more than 10 do not arrive everywhere" in seen("a" * 2000)
    assert 'name="subject"' not in owner.get("/messages/templates/note/").content.decode()


def test_a_version_is_gone_back_to_by_post_alone(owner, by_hand):
    template = by_hand
    fields = {"name": "Cart", "topic": "offers", "is_marketing": "on", "subject": "New words", "body": template.body}
    owner.post("/messages/templates/cart-reminder/", {**fields, "text": ""})
    assert template.subject in owner.get("/messages/templates/cart-reminder/versions/").content.decode()
    assert owner.get("/messages/templates/cart-reminder/versions/1/").status_code == 405
    owner.post("/messages/templates/cart-reminder/versions/1/")
    assert Template.objects.get().subject == template.subject


def test_a_colour_that_is_none_is_refused_and_a_good_one_reaches_the_templates(owner):
    owner.post("/messages/templates/new/", {"name": "T"})
    colours = {"accent": "#123456", "page": "#ffffff", "sheet": "#ffffff", "ink": "#000000"}
    fields = {**colours, "font": "serif", "buttons": "round", "link_instagram": "https://instagram.com/duka"}
    assert owner.post("/messages/brand/", {**fields, "accent": "red;}"}).status_code == 422
    assert owner.post("/messages/brand/", fields).status_code == 302
    assert "#123456" in Template.objects.get().body and "Georgia" in Template.objects.get().body


def test_the_editor_of_another_language_says_which_it_is_and_previews_its_words(owner):
    starters.plant("welcome")
    page = owner.get("/messages/templates/welcome/?language=sw").content.decode()
    assert '<a href="?language=sw" aria-current="page">' in page and '<html lang="en"' in page
    assert "/messages/templates/welcome/body/?language=sw" in page and "/welcome/test/?language=sw" in page


def test_what_is_not_translated_yet_is_counted(owner):
    owner.post("/messages/templates/new/", {"name": "T"})
    assert "texts are not translated yet" in owner.get("/messages/templates/t/?language=sw").content.decode()
    assert "not translated" not in owner.get("/messages/templates/t/").content.decode()
    assert owner.get("/messages/templates/t/?language=klingon").status_code == 404
