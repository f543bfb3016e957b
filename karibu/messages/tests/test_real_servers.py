"""Mail through a real Postfix: encrypted, signed in, refused, interrupted. Each arrives once or says why not."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from click.testing import CliRunner
from django.utils import timezone

from karibu.config.cli import main
from karibu.config.testing import missing
from karibu.consents.queries import suppressed
from karibu.messages import handover, send
from karibu.messages.channels.email import outage, relay, verp
from karibu.messages.channels.email.models import BounceBox, Report
from karibu.messages.models import Message, Template
from karibu.messages.tests.cast import a_person, fate, the_shop, wants
from karibu.messages.tests.certificates import chain
from karibu.messages.tests.cutter import wire
from karibu.messages.tests.servers import ANSWERS, Postfix, Sink, free_port, postfix, program, sink

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[Postfix]:
    if not program("postfix"):
        missing("Postfix")
    if os.getuid():
        missing("root, whom Postfix wants to be started by,")
    with postfix(chain()) as server:
        yield server


@pytest.fixture
def server(running, settings) -> Iterator[Postfix]:
    """Postfix with an empty mailbox; our mail goes to it over STARTTLS, its certificate checked."""
    settings.KARIBU_SMTP_URL = f"smtp://localhost:{running.port}?ca={running.ca}&starttls=required"
    running.forget()
    running.says.update(ANSWERS)
    the_shop()
    yield running
    relay.forget()
    outage.end()
    verp.forget()


@pytest.fixture
def some_sink(settings) -> Iterator[Sink]:
    if not program("smtp-sink"):
        missing("smtp-sink")
    with sink() as server:
        settings.KARIBU_SMTP_URL = server.url
        the_shop()
        yield server
        relay.forget()
        outage.end()


def slowly(begin):
    """As on a disk and a network that take their time: the news that the line is cut has come before the last line."""

    def wrapped(*letters):
        time.sleep(0.02)
        return begin(*letters)

    return wrapped


def due_again() -> None:
    outage.end()
    Message.objects.filter(status="held").update(due_at=timezone.now())


def test_200_messages_arrive_once_each_over_sixteen_encrypted_connections(server):
    messages = [wants(a_person(f"p{n}")) for n in range(200)]
    before = server.connections()
    assert send.send_due() == 200 and send.send_due() == 0
    assert {fate(m) for m in messages} == {("sent", "")}
    assert server.delivered(200) == Counter(f"p{n}@example.com" for n in range(200))
    assert server.connections() == before + 16


@pytest.mark.parametrize(
    "url",
    [
        "smtp://localhost:{port}?ca={ca}",
        "smtps://localhost:{tls_port}?ca={ca}",
        "smtp://shop:s%3Acret%2F@localhost:{auth_port}?ca={ca}",
        "smtp://localhost:{port}?starttls=no",
    ],
    ids=["starttls", "tls", "password", "in the clear"],
)
def test_each_way_to_talk_to_a_server_brings_the_mail_there(server, settings, url):
    settings.KARIBU_SMTP_URL = url.format(
        port=server.port, tls_port=server.tls_port, auth_port=server.auth_port, ca=server.ca
    )
    message = wants(a_person())
    send.send_due()
    assert fate(message) == ("sent", "") and server.delivered(1) == {"amina@example.com": 1}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://localhost:{port}", "certificate verify failed"),
        ("smtps://localhost:{tls_port}", "certificate verify failed"),
        ("smtp://127.0.0.1:{port}?ca={ca}", "certificate is not valid for '127.0.0.1'"),
        ("smtp://shop:wrong@localhost:{auth_port}?ca={ca}", "535"),
        ("smtp://localhost:{port}?ca=/nowhere.pem", "/nowhere.pem cannot be read"),
        ("smtp://localhost:{auth_port}?starttls=no", "530"),
        ("mail.example.com", "must look like smtp://"),
    ],
)
def test_a_server_that_is_not_who_we_mean_or_does_not_know_us_gets_nothing_and_the_mail_waits(
    server, settings, url, said
):
    settings.KARIBU_SMTP_URL = url.format(
        port=server.port, tls_port=server.tls_port, auth_port=server.auth_port, ca=server.ca
    )
    messages = [wants(a_person(name)) for name in ("amina", "ben")]
    send.send_due()
    assert {fate(m) for m in messages} == {("held", "unreachable")}
    assert said in messages[0].detail
    assert not server.delivered()


def test_a_refusal_for_now_is_tried_again_and_then_arrives_once(server):
    message, other = wants(a_person("grey")), wants(a_person("good"))
    send.send_due()
    assert fate(message) == ("held", "retry") and "4.7.1" in message.detail and fate(other) == ("sent", "")
    server.says.clear()
    due_again()
    send.send_due()
    assert fate(message) == ("sent", "") and send.send_due() == 0
    assert server.delivered(2) == {"grey@example.com": 1, "good@example.com": 1}


@pytest.mark.parametrize(("name", "is_gone"), [("unknown", True), ("blocked", False), ("full", False)])
def test_a_refusal_for_good_fails_alone_and_only_an_address_that_does_not_exist_is_blocked(server, name, is_gone):
    message, other = wants(a_person(name)), wants(a_person("good"))
    send.send_due()
    assert fate(message) == ("failed", "rejected") and ANSWERS[f"{name}@example.com"][:9] in message.detail
    assert bool(suppressed("email", [f"{name}@example.com"])) == is_gone
    assert fate(other) == ("sent", "") and server.delivered(1) == {"good@example.com": 1}


def test_poison_of_every_kind_in_mid_batch_costs_nobody_else_their_message(server):
    """PAINS 2: refused by the server, no address at all, an address nobody can write, a template that fails for one."""
    good = [wants(a_person(f"good{n}")) for n in range(10)]
    Template.objects.update(
        subject="{% if customer.first_name == 'Odd' %}{{ 1 | divided_by: 0 }}{% endif %}Hi", version=2
    )
    poison = {
        wants(a_person("blocked")): ("failed", "rejected"),
        wants(a_person("odd")): ("failed", "template_error"),
        wants(a_person("none", email="")): ("refused", "no_address"),
        wants(a_person("bad", email="two@at@example.com")): ("refused", "bad_address"),
        wants(a_person("long", email=f"{'x' * 65}@example.com")): ("refused", "bad_address"),
    }
    good += [wants(a_person(f"good{n}")) for n in range(10, 20)]
    assert send.send_due() == 25 and send.send_due() == 0
    assert {m.pk: fate(m) for m in poison} == {m.pk: what for m, what in poison.items()}
    assert {fate(m) for m in good} == {("sent", "")}
    assert server.delivered(20) == Counter(f"good{n}@example.com" for n in range(20))


@pytest.mark.slow
def test_wherever_the_connection_is_cut_the_message_arrives_once_or_is_named_as_in_doubt(server, settings, monkeypatch):
    """Before the last line: tried again. After it: nobody knows, so it is not sent twice by itself."""
    monkeypatch.setattr(handover, "begin", slowly(handover.begin))
    with wire(server.port) as line:
        settings.KARIBU_SMTP_URL = f"smtp://127.0.0.1:{line.port}?starttls=no"
        whole = wants(a_person("cut99"))
        send.send_due()
        assert fate(whole) == ("sent", "")
        length = line.passed
        for n in range(20):
            relay.forget()
            outage.end()
            line.breaks_after(1 + n * (length - 10) // 20)
            message = wants(a_person(f"cut{n:02}"))
            send.send_due()
            assert fate(message) in [("held", "retry"), ("held", "unreachable")], n
        line.is_whole()
        relay.forget()
        due_again()
        assert send.send_due() == 20
        expected = Counter(["cut99@example.com", *(f"cut{n:02}@example.com" for n in range(20))])
        assert server.delivered(21) == expected

        line.breaks_before_the_last_line()
        not_taken = wants(a_person("almost"))
        send.send_due()
        line.is_whole()
        line.breaks_before_the_last_answer()
        taken = wants(a_person("taken"))
        send.send_due()
        assert fate(not_taken) == fate(taken) == ("failed", "unknown_outcome")
        line.is_whole()
        assert send.send_due() == 0
        assert server.delivered(22) == expected + Counter(["taken@example.com"])


def test_mail_waits_for_a_server_that_is_absent_and_leaves_when_it_is_back(some_sink):
    messages = [wants(a_person(f"p{n}")) for n in range(5)]
    some_sink.stop()
    send.send_due()
    assert {fate(m) for m in messages} == {("held", "unreachable")}
    assert {m.due_at > timezone.now() + timedelta(seconds=50) for m in messages} == {True}
    some_sink.start()
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=True):
        assert send.send_due() == 5
    assert {fate(m) for m in messages} == {("sent", "")}
    assert some_sink.taken() == Counter(f"p{n}@example.com" for n in range(5))


def test_while_a_server_is_known_to_be_away_nothing_is_filled_in_for_it_and_no_history_grows(settings):
    settings.KARIBU_SMTP_URL = f"smtp://127.0.0.1:{free_port()}"
    the_shop()
    first, later = wants(a_person("first")), None
    send.send_due()
    later = wants(a_person("later"))
    for _ in range(5):
        Message.objects.update(due_at=timezone.now())
        send.send_due()
    assert fate(first) == fate(later) == ("held", "unreachable")
    assert (first.attempts, later.attempts) == (1, 0)
    assert [len(m.history) for m in (first, later)] == [2, 1] and "refused" in later.detail


def test_a_long_outage_is_no_attempt_of_the_message(some_sink):
    message = wants(a_person())
    some_sink.stop()
    for _ in range(12):
        due_again()
        send.send_due()
    some_sink.options = ("-r", "RCPT")
    some_sink.start()
    due_again()
    send.send_due()
    assert fate(message) == ("held", "retry")


def test_a_server_that_takes_a_message_and_hangs_up_instead_of_saying_so_gets_it_once(settings):
    if not program("smtp-sink"):
        missing("smtp-sink")
    the_shop()
    with sink("-q", ".") as server:
        settings.KARIBU_SMTP_URL = server.url
        messages = [wants(a_person(f"p{n}")) for n in range(3)]
        send.send_due()
        due_again()
        assert send.send_due() == 0 and {fate(m) for m in messages} == {("failed", "unknown_outcome")}
        assert server.taken() == Counter(f"p{n}@example.com" for n in range(3))
    relay.forget()


@pytest.mark.postfix
def test_what_postfix_delivers_refuses_and_sends_back_later_ends_as_what_it_was(server):
    """RFC 3464: the report comes to the address that the mail left under (VERP), and is piped to `karibu bounce`."""
    BounceBox.objects.create(pk=1, address="bounces@post.example")
    verp.forget()
    good, unknown, late = (
        wants(a_person(name, email=address))
        for name, address in (
            ("good", "good@example.com"),
            ("no", "unknown@example.com"),
            ("zuri", "zuri@late.example"),
        )
    )
    send.send_due()
    assert [fate(one) for one in (good, unknown, late)] == [("sent", ""), ("failed", "rejected"), ("sent", "")]
    arrived = server.delivered(2)
    assert arrived == Counter({"good@example.com": 1, f"bounces+{verp.written(late.pk)}@post.example": 1})
    [report] = server.mails("post.example")
    assert b"multipart/report" in report and b"5.1.1" in report
    for _ in range(2):  # the second is the same report
        assert CliRunner().invoke(main, ["bounce"], input=report).exit_code == 0
    assert Report.objects.get(message_id=late.pk).is_hard
    assert [bool(Message.objects.get(pk=one.pk).bounced_at) for one in (good, late)] == [False, True]
    blocked = suppressed("email", ["good@example.com", "unknown@example.com", "zuri@late.example"])
    assert blocked == {"unknown@example.com": "hard_bounce", "zuri@late.example": "hard_bounce"}
