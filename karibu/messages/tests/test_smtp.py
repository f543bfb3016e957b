"""Mail over SMTP, to a real server over TCP."""

import email
import socket
import threading
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from django.utils import timezone

from karibu.consents.queries import suppressed
from karibu.messages import handover, send
from karibu.messages.channels import Letter
from karibu.messages.channels.email import crew, relay
from karibu.messages.channels.email.meaning import PAUSES, meaning
from karibu.messages.channels.email.smtp import Connection, Reply, Server, Unreachable
from karibu.messages.models import Mail, Message
from karibu.messages.tests.cast import a_person, fate, the_shop, wants

pytestmark = pytest.mark.django_db
ANSWERS = {
    "unknown": "550 5.1.1 no such user",
    "blocked": "550 5.7.1 we do not like you",
    "full": "452 4.2.2 mailbox full",
    "plain550": "550 no",
}


class World:
    """Answers by the recipient's name, and remembers what it took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = ANSWERS.get(address.split("@")[0])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        recipient = envelope.rcpt_tos[0]
        if recipient.startswith("spam@"):
            return "554 5.7.1 looks like spam"
        if recipient.startswith("vanish@"):
            self.taken.append((recipient, envelope.content))
            server.transport.abort()
            return "250 never heard"
        self.taken.append((recipient, envelope.content))
        return "250 2.0.0 taken"


def letter_to(recipient: str, raw: bytes) -> Letter:
    known = {"message_id": 0, "customer_id": 0, "channel": "email", "claim": 1, "attempt": 1, "subject": ""}
    return Letter(sender="a@example.com", recipient=recipient, raw=raw, **known)


def serve(world: World, **options: object) -> Controller:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(world, hostname="127.0.0.1", port=port, **options)
    controller.start()
    world.connections = 0  # the controller tries the door itself
    return controller


@pytest.fixture
def world(settings):
    world = World()
    controller = serve(world, enable_SMTPUTF8=True)
    settings.KARIBU_SMTP_URL = f"smtp://127.0.0.1:{controller.port}"
    the_shop()
    yield world
    relay.forget()
    controller.stop()


def test_mail_leaves_over_a_few_connections_that_are_kept_and_none_stays_in_the_mailbox(world):
    messages = [wants(a_person(f"p{n}")) for n in range(25)]
    assert send.send_due() == 25
    messages += [wants(a_person(f"p{n}")) for n in range(25, 50)]
    assert send.send_due() == 25
    assert [fate(m) for m in messages] == [("sent", "")] * 50
    assert sorted(r for r, _ in world.taken) == sorted(f"p{n}@example.com" for n in range(50))
    assert world.connections == 4 and not Mail.objects.exists()
    mail = email.message_from_bytes(world.taken[0][1], policy=default)
    assert mail["Subject"].endswith("you left something in your cart")


@pytest.mark.parametrize(
    ("name", "status", "reason", "blocked"),
    [
        ("unknown", "failed", "rejected", True),
        ("blocked", "failed", "rejected", False),
        ("plain550", "failed", "rejected", False),
        ("spam", "failed", "rejected", False),
        ("full", "held", "retry", False),
    ],
)
def test_each_refusal_means_what_it_says_and_the_others_are_sent(world, name, status, reason, blocked):
    first, odd, last = wants(a_person("first")), wants(a_person(name)), wants(a_person("last"))
    assert send.send_due() == 3
    assert fate(odd) == (status, reason)
    assert fate(first) == fate(last) == ("sent", "")
    assert bool(suppressed("email", [f"{name}@example.com"])) == blocked
    assert len(world.taken) == 2 and world.connections == 1


def test_a_temporary_refusal_is_tried_again_later_and_given_up_in_the_end(world):
    message = wants(a_person("full"))
    waits = []
    for _ in range(len(PAUSES) + 1):
        Message.objects.update(due_at=timezone.now())
        send.send_due()
        message.refresh_from_db()
        waits.append((message.due_at - timezone.now()).total_seconds())
    assert fate(message) == ("failed", "gave_up") and message.attempts == len(PAUSES) + 1
    assert waits[:6] == pytest.approx([60, 300, 900, 3600, 14400, 28800], abs=5)
    assert not world.taken


def test_when_the_answer_after_the_last_dot_is_lost_the_message_is_not_sent_again(world):
    message, other = wants(a_person("vanish")), wants(a_person("zoe"))
    assert send.send_due() == 2
    assert fate(message) == ("failed", "unknown_outcome") and fate(other) == ("sent", "")
    Message.objects.update(due_at=timezone.now())
    assert send.send_due() == 0
    assert sorted(r for r, _ in world.taken) == ["vanish@example.com", "zoe@example.com"]


def test_a_server_that_is_away_costs_no_message_and_no_attempt_beyond_one_connection(settings):
    settings.KARIBU_SMTP_URL = "smtp://127.0.0.1:1"
    the_shop()
    messages = [wants(a_person(f"p{n}")) for n in range(5)]
    assert send.send_due() == 5
    assert {fate(m) for m in messages} == {("held", "unreachable")}


def test_a_worker_that_shall_end_finishes_the_message_in_hand_and_leaves_the_others_waiting(world, monkeypatch):
    stopping = threading.Event()
    monkeypatch.setattr(crew, "stopping", stopping)
    real = handover.begin
    monkeypatch.setattr(handover, "begin", lambda *letters: stopping.set() or real(*letters))
    messages = [wants(a_person(f"p{n}")) for n in range(4)]
    send.send_due()
    assert sorted(fate(m) for m in messages) == [("intended", "interrupted")] * 3 + [("sent", "")]
    monkeypatch.undo()
    assert send.send_due() == 3
    assert sorted(r for r, _ in world.taken) == [f"p{n}@example.com" for n in range(4)]


def test_a_line_that_is_a_dot_arrives_as_it_was_written(world):
    relay.send_now(letter_to("b@example.com", b"Subject: x\r\n\r\n.\r\n..two\r\nend"))
    assert world.taken[0][1] == b"Subject: x\r\n\r\n.\r\n..two\r\nend\r\n"


def test_an_address_beyond_ascii_is_sent_where_the_server_can_and_else_refused_with_its_reason(world, settings):
    person = a_person("gruesse", email="grüße@example.com")
    assert send.send_due() == 0
    able = wants(person)
    send.send_due()
    assert fate(able) == ("sent", "") and world.taken[0][0] == "grüße@example.com"
    relay.forget()
    old = serve(World(), enable_SMTPUTF8=False)
    settings.KARIBU_SMTP_URL = f"smtp://127.0.0.1:{old.port}"
    unable = wants(a_person("noel", email="noël@example.com"))
    send.send_due()
    assert fate(unable) == ("failed", "bad_address")
    relay.forget()
    old.stop()


def test_a_password_is_sent_and_a_wrong_one_is_an_outage_that_names_itself(world):
    def check(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"shop", b"s:cret/")
        return AuthResult(success=good, handled=good)

    locked = serve(World(), authenticator=check, auth_required=True, auth_require_tls=False)
    url = f"127.0.0.1:{locked.port}?starttls=no"
    Connection(Server.of(f"smtp://shop:s%3Acret%2F@{url}")).close()
    with pytest.raises(Unreachable, match="535"):
        Connection(Server.of(f"smtp://shop:wrong@{url}"))
    locked.stop()


def test_no_password_travels_in_the_clear_unless_told(world, settings):
    with pytest.raises(Unreachable, match="encryption"):
        Connection(Server.of(settings.KARIBU_SMTP_URL.replace("smtp://", "smtp://shop:secret@")))


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"554 go away\r\n", b""])
def test_what_speaks_no_smtp_or_does_not_want_us_is_unreachable(greeting):
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        client, _ = listener.accept()
        client.sendall(greeting)
        client.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(Unreachable):
        Connection(Server.of(f"smtp://127.0.0.1:{listener.getsockname()[1]}"))
    thread.join()
    listener.close()


def test_a_refused_sender_address_is_a_setting_to_mend_and_holds_everybody(world, monkeypatch):
    async def mail(self, server, session, envelope, address, options):
        return "553 5.1.8 not your domain"

    monkeypatch.setattr(World, "handle_MAIL", mail, raising=False)
    messages = [wants(a_person(f"p{n}")) for n in range(3)]
    send.send_due()
    assert {fate(m) for m in messages} == {("held", "unreachable")}
    assert suppressed("email", ["p0@example.com", "p1@example.com", "p2@example.com"]) == {}


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example.com:25"])
def test_a_setting_that_is_no_smtp_url_says_so(url):
    with pytest.raises(ValueError, match="KARIBU_SMTP_URL"):
        Server.of(url)


def test_urls_name_host_port_user_and_kind():
    assert Server.of("smtps://a%40b:c@mail.example").port == 465
    assert Server.of("smtp://u:p@mail.example").port == 587 and Server.of("smtp://mail.example").port == 25
    assert Server.of("smtps://a%40b:c@mail.example").user == "a@b"
    assert "secret" not in repr(Server.of("smtp://u:secret@mail.example"))


def test_meanings():
    assert meaning(Reply(450, "4.7.1", "grey"), "recipient", 1).reason == "retry"
    assert not meaning(Reply(550, "5.1.7", "sender?"), "content", 1).bounced
    assert meaning(Reply(550, "5.1.10", "null mx"), "recipient", 1).bounced
