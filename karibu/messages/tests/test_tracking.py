"""Clicks and opens: safe against scanners and open redirects, people and machines told apart (PAINS 27-29, 47)."""

import email
from datetime import timedelta
from email import policy
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from karibu.collect.models import InboxRow
from karibu.consents.models import Consent
from karibu.consents.queries import in_force
from karibu.customers.models import Identity
from karibu.messages import machines, send, tokens, visits
from karibu.messages.models import Link, LinkSet, Mail, Message, Template, Visit
from karibu.messages.tests.cast import a_cart, a_person, says, the_shop, wants

pytestmark = pytest.mark.django_db
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1"

SAME = '<p><a href="https://duka.example/same">The same for all</a></p>'


@pytest.fixture
def message() -> Message:
    the_shop()
    person = a_person()
    Identity.objects.create(
        kind="email", value=person.email, customer_id=person.pk, source="x", evidence="x", first_seen=timezone.now()
    )
    items = [
        {"product_id": f"p{n}", "name": f"P{n}", "price": 1, "url": f"https://duka.example/p/{n}"} for n in range(4)
    ]
    made = wants(person, cart=a_cart(person, items=items))
    send.send_due()
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    made.refresh_from_db()
    return made


def get(path: str, agent: str = PERSON, method: str = "get", **headers: str):
    return getattr(Client(headers={"User-Agent": agent}), method)(path, headers=headers)


def click(message: Message, position: int = 0, **options: str):
    return get(f"/m/c/{tokens.sign(tokens.CLICK, message.pk, position)}", **options)


def test_a_click_leads_to_the_target_with_a_reference_for_the_shop(message):
    answer = click(message, 1)
    target = urlsplit(answer["Location"])
    assert answer.status_code == 302 and (target.netloc, target.path) == ("duka.example", "/p/1")
    assert tokens.read_reference(parse_qs(target.query)["k_m"][0]) == message.pk
    assert "no-store" in answer["Cache-Control"]
    message.refresh_from_db()
    assert message.clicked_at


def test_what_every_mail_links_to_is_kept_once_for_all_and_led_to_by_each(db):
    the_shop()
    Template.objects.create(key="same", name="Same", subject="s", body=SAME, is_marketing=False)
    messages = [wants(a_person(name), template_key="same") for name in ("amina", "bo")]
    send.send_due()

    for message in messages:
        answer = click(message)
        assert answer.status_code == 302 and answer["Location"].startswith("https://duka.example/same?k_m=")
        assert click(message, 1).status_code == 404
        view = get(f"/m/v/{tokens.sign(tokens.VIEW, message.pk)}").content.decode()
        assert f"/m/c/{tokens.sign(tokens.CLICK, message.pk)}" in view
    assert LinkSet.objects.get().urls == ["https://duka.example/same"] and not Link.objects.exists()


def test_the_target_cannot_be_chosen_by_the_visitor(message):
    token = tokens.sign(tokens.CLICK, message.pk, 1)
    spoilt = f"{token[:9]}{'a' if token[9] != 'a' else 'b'}{token[10:]}"
    for word in (spoilt, tokens.sign(tokens.OPEN, message.pk, 1), "https:%2F%2Fevil.example"):
        path = f"/m/c/{word}"
        assert get(path).status_code == 404
    assert click(message, 200).status_code == 404
    assert get(f"/m/c/{token}?url=https://evil.example")["Location"].startswith("https://duka.example/")


def test_no_ip_address_is_kept(message):
    click(message)
    assert not [f.name for f in Visit._meta.get_fields() if "ip" in f.name.lower().split("_")]


def test_an_open_is_noted_unless_the_reader_asks_not_to_be_tracked_and_a_click_counts_always(message):
    picture = f"/m/o/{tokens.sign(tokens.OPEN, message.pk)}.gif"
    for header in ({"Sec-GPC": "1"}, {"DNT": "1"}):
        assert get(picture, **header)["Content-Type"] == "image/gif"
    assert not Visit.objects.exists()
    click(message, **{"Sec-GPC": "1"})
    assert Visit.objects.get().kind == "clicked"
    get(picture)
    message.refresh_from_db()
    assert message.opened_at and get("/m/o/nonsense.gif").status_code == 200


def test_unique_and_total_clicks_are_kept_apart(message):
    for _ in range(3):
        click(message)
    click(message, agent="python-requests/2.31")
    assert visits.totals(message.pk)["clicks"] == 3 and visits.totals(message.pk)["machine_clicks"] == 1
    assert Message.objects.filter(clicked_at__isnull=False).count() == 1


def test_get_and_head_by_a_scanner_unsubscribe_nobody_and_one_post_does(message):
    path = f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, message.pk)}"
    before = Consent.objects.count()
    for method in ("get", "head"):
        for agent in (PERSON, "Barracuda Sentinel"):
            assert get(path, agent, method).status_code == 200
    assert Consent.objects.count() == before and in_force([message.customer_id], "email") == {
        message.customer_id: "given"
    }
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and not strict.cookies
    assert in_force([message.customer_id], "email") == {message.customer_id: "withdrawn"}
    assert Consent.objects.latest("id").method == "one-click"


def test_the_one_click_of_a_mail_program_may_come_in_either_form_that_the_rfc_allows(message):
    path = f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, message.pk)}"
    answer = Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})  # multipart/form-data
    assert answer.status_code == 200 and Consent.objects.latest("id").method == "one-click"
    assert in_force([message.customer_id], "email") == {message.customer_id: "withdrawn"}
    assert Client().put(path).status_code == 405 and Client().delete(path).status_code == 405


def test_nothing_else_of_a_message_changes_anything_by_get_or_head(message):
    before = Message.objects.values().get(), Consent.objects.count(), InboxRow.objects.count()
    for purpose, suffix in ((tokens.UNSUBSCRIBE, ""), (tokens.VIEW, "")):
        for method in ("get", "head"):
            get(f"/m/{purpose}/{tokens.sign(purpose, message.pk)}{suffix}", method=method)
    click(message, method="head")
    assert (Message.objects.values().get(), Consent.objects.count(), InboxRow.objects.count()) == before


def test_a_person_may_leave_one_topic_only_and_come_back(message):
    path, customer = f"/m/u/{tokens.sign(tokens.UNSUBSCRIBE, message.pk)}", message.customer_id
    Client().post(path, {"scope": "topic"})
    assert in_force([customer], "email") == {customer: "withdrawn"} and in_force([customer], "email", "news") == {}
    Client().post(path, {"scope": "back"})
    assert in_force([customer], "email") == {customer: "given"}
    Client().post(path, {"scope": "everything"})
    assert in_force([customer], "email", "news") == {customer: "withdrawn"}


def test_the_web_view_shows_the_message_and_runs_nothing(message):
    answer = get(f"/m/v/{tokens.sign(tokens.VIEW, message.pk)}")
    assert b"P3" in answer.content and "default-src 'none'" in answer["Content-Security-Policy"]
    assert tokens.sign(tokens.CLICK, message.pk, 2) in answer.content.decode()


AGENTS = [
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (compatible; proofpoint-urldefense)",
    "python-requests/2.31.0",
    "Go-http-client/1.1",
    "curl/8.4.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Java/1.8.0_201",
    "Mozilla/5.0",
    "",
    "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0.0.0",
    "Microsoft Office Existence Discovery",
]
PEOPLE = [
    PERSON,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; TECNO KI5k) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
    "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; en) Presto/2.12.423 Version/12.16",
]


@pytest.mark.parametrize("agent", AGENTS)
def test_a_scanner_that_names_itself_is_a_machine(message, agent):
    click(message, agent=agent)
    assert Visit.objects.get().is_machine
    message.refresh_from_db()
    assert message.clicked_at is None


@pytest.mark.parametrize("agent", PEOPLE)
def test_a_browser_is_a_person(message, agent):
    click(message, agent=agent)
    assert not Visit.objects.get().is_machine


def test_the_picture_proxy_that_people_read_through_is_no_machine(message):
    get(f"/m/o/{tokens.sign(tokens.OPEN, message.pk)}.gif", "Mozilla/5.0 (via ggpht.com GoogleImageProxy)")
    assert not Visit.objects.get().is_machine


def ripen() -> None:
    Visit.objects.update(at=timezone.now() - visits.PATIENCE)


def test_all_links_within_seconds_is_a_machine_though_each_alone_looked_like_a_person(message):
    for position in range(4):
        click(message, position)
    message.refresh_from_db()
    assert message.clicked_at
    ripen()
    assert visits.judge() == 4
    message.refresh_from_db()
    assert message.clicked_at is None and Visit.objects.filter(is_machine=True).count() == 4
    assert not InboxRow.objects.exists()


def test_head_then_get_is_one_scanner(message):
    click(message, method="head")
    click(message)
    ripen()
    visits.judge()
    assert Visit.objects.filter(is_machine=True).count() == 2


def test_too_soon_after_sending_is_a_machine(message):
    Message.objects.update(sent_at=timezone.now())
    click(message)
    assert Visit.objects.get().why == "too soon after sending"


def test_a_person_who_clicks_two_links_in_a_while_stays_a_person(message):
    click(message, 0)
    click(message, 1)
    early = Visit.objects.order_by("id").first()
    ripen()
    Visit.objects.filter(pk=early.pk).update(at=timezone.now() - timedelta(minutes=2))
    visits.judge()
    assert not Visit.objects.filter(is_machine=True).exists()


def test_a_persons_click_enters_the_log_once_and_names_the_customer(message):
    click(message, 1)
    assert visits.judge() == 0  # not before its neighbours could come
    ripen()
    assert visits.judge() == 1 and visits.judge() == 0
    body = bytes(InboxRow.objects.get().body).decode()
    assert '"Message Clicked"' in body and "amina@example.com" in body and "https://duka.example/p/1" in body


def hidden_link(message: Message) -> str:
    return f"/m/c/{tokens.sign(tokens.CLICK, message.pk, machines.HIDDEN)}"


def test_a_mail_has_one_link_that_no_person_sees_before_all_others_and_none_in_its_text(message):
    mail = email.message_from_bytes(bytes(Mail.objects.get().raw), policy=policy.default)
    html, text = (mail.get_body([kind]).get_content() for kind in ("html", "plain"))
    assert html.count(hidden_link(message)) == 1 and hidden_link(message) not in text
    assert html.index(hidden_link(message)) < html.index("/m/c/", html.index(hidden_link(message)) + 9)
    around = html[html.index("<body") : html.index("</div>")]
    assert "display:none" in around and 'aria-hidden="true"' in around and 'tabindex="-1"></a>' in around


def test_who_follows_the_hidden_link_is_a_machine_and_lands_in_the_shop(message):
    answer = get(hidden_link(message))
    assert (answer.status_code, answer["Location"]) == (302, "https://duka.example/")
    click(message)
    ripen()
    visits.judge()
    message.refresh_from_db()
    assert Visit.objects.filter(is_machine=True).count() == 2 and message.clicked_at is None
    assert not InboxRow.objects.exists()


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_what_is_fetched_ahead_of_a_person_is_no_click_of_theirs(message, header):
    click(message, **{header: "prefetch"})
    ripen()
    visits.judge()
    message.refresh_from_db()
    assert Visit.objects.get().why == "fetched ahead of a person" and message.clicked_at is None


def test_after_a_withdrawal_the_very_next_message_is_refused(message):
    person = a_person("ben")
    says(person, "withdrawn", "one-click")
    following = wants(person)
    send.send_due()
    following.refresh_from_db()
    assert following.reason == "withdrawn"
