"""The bytes of a mail."""

import email
import re
from email.message import EmailMessage
from email.policy import default
from html import unescape

import pytest
from django.utils import timezone

from karibu.messages import tokens
from karibu.messages.channels.email.address import usable
from karibu.messages.channels.email.compose import compose
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.web.models import Shop

pytestmark = pytest.mark.django_db
CONTENT = Content(subject="Häus € 日本", html="<p>Grüße =3D\n.\n" + "x" * 2000 + "</p>", text="Grüße\n.\n  \nTschüß ")


def a_message(**fields: object) -> Message:
    known = {"id": 7, "customer_id": 1, "sender": "journey:3", "topic": "offers", "is_marketing": True}
    return Message(**{**known, "channel": "email", "created_at": timezone.now(), **fields})


def read(message: Message, recipient: str = "amina@example.com", **shop: object):
    letter = compose(
        message, recipient, CONTENT, Shop(**{"name": "Duka", "sender_email": "hello@duka.example", **shop})
    )
    return letter, email.message_from_bytes(letter.raw, policy=default)


def written(part: EmailMessage) -> str:
    """A part's text with this machine's line ends; mail has its own, and one at the end."""
    return part.get_content().replace("\r\n", "\n").rstrip("\n")


def test_both_parts_say_exactly_what_was_written_and_no_line_is_too_long():
    letter, mail = read(a_message())
    text, html = mail.iter_parts()
    assert [written(text), unescape(written(html))] == [CONTENT.text, CONTENT.html]
    assert mail["Subject"] == CONTENT.subject
    assert max(len(line) for line in letter.raw.split(b"\r\n")) <= 998
    assert b"\n" not in letter.raw.replace(b"\r\n", b"") and letter.raw.isascii()


@pytest.mark.parametrize(
    ("lengths", "encoding"),
    [
        ([998], "7bit"),
        ([999], "quoted-printable"),
        ([998, 998, 998], "7bit"),
        ([998, 999], "quoted-printable"),
        ([3] * 900, "7bit"),
        ([500, 999, 3], "quoted-printable"),
    ],
)
def test_a_text_is_encoded_where_a_line_is_longer_than_mail_allows(lengths: list[int], encoding: str):
    said = Content(subject="Lines", html="<p>Lines</p>", text="\n".join("x" * length for length in lengths))
    letter = compose(a_message(), "amina@example.com", said, Shop(name="Duka", sender_email="hello@duka.example"))
    text, _html = email.message_from_bytes(letter.raw, policy=default).iter_parts()
    assert text["Content-Transfer-Encoding"] == encoding and written(text) == said.text


def test_marketing_can_be_left_with_one_click_and_transactional_mail_has_no_such_header():
    _, marketing = read(a_message())
    assert marketing["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert marketing["List-Unsubscribe"].startswith("<http") and "/m/u/" in marketing["List-Unsubscribe"]
    _, service = read(a_message(is_marketing=False))
    assert service["List-Unsubscribe"] is None and service["Auto-Submitted"] is None


def test_a_mail_program_that_would_rather_write_is_given_an_address_only_where_somebody_reads_it():
    _, mail = read(a_message(), unsubscribe_email="leave me+alone@duka.example")
    link, letter = re.findall(r"<([^>]+)>", mail["List-Unsubscribe"])
    assert link.startswith("http") and "/m/u/" in link and mail["List-Unsubscribe-Post"]
    assert letter.startswith("mailto:leave%20me%2Balone@duka.example?subject=unsubscribe%20")
    word = letter.rpartition("%20")[2]
    assert tokens.read(tokens.UNSUBSCRIBE, word) == (7, 0)
    assert "mailto:" not in read(a_message())[1]["List-Unsubscribe"]
    assert read(a_message(is_marketing=False), unsubscribe_email="x@duka.example")[1]["List-Unsubscribe"] is None


def test_a_long_unsubscribe_link_is_one_uri_that_no_encoding_has_touched(settings):
    settings.KARIBU_PUBLIC_URL = f"https://{'very-long-name.' * 8}example"
    letter, mail = read(a_message(), unsubscribe_email="leave@duka.example")
    assert f"<{settings.KARIBU_PUBLIC_URL}/m/u/".encode() in letter.raw and b"=?" not in letter.raw.split(b"List-")[1]
    assert "mailto:leave@duka.example" in mail["List-Unsubscribe"]


def test_answers_go_where_the_shop_wants_them_and_else_to_the_sender():
    assert read(a_message(), reply_to="help@duka.example")[1]["Reply-To"] == "help@duka.example"
    assert read(a_message(is_marketing=False), reply_to="help@duka.example")[1]["Reply-To"] == "help@duka.example"
    assert read(a_message())[1]["Reply-To"] is None


@pytest.mark.parametrize("subject", ["", "Plain", "x" * 400, "long words " * 20, "Grüße 日本", "tab\there"])
@pytest.mark.parametrize("recipient", ["amina@example.com", "o'neill@example.com", "a" * 64 + "@b.example"])
def test_every_subject_and_address_is_read_back_as_it_was_meant(subject, recipient):
    content = Content(subject=subject, html="<p>x</p>", text="x")
    letter = compose(a_message(), recipient, content, Shop(name="Duka, Kigali", sender_email="hello@duka.example"))
    mail = email.message_from_bytes(letter.raw, policy=default)
    assert mail["Subject"].replace("\t", " ") == subject.replace("\t", " ")
    assert mail["To"].addresses[0].addr_spec == recipient
    assert mail["From"].addresses[0].display_name == "Duka, Kigali"
    assert max(len(line) for line in letter.raw.split(b"\r\n")) <= 998


def test_the_same_message_has_the_same_message_id_and_another_has_another():
    assert read(a_message())[1]["Message-ID"] == read(a_message())[1]["Message-ID"]
    assert read(a_message())[1]["Message-ID"] != read(a_message(id=8))[1]["Message-ID"]


@pytest.mark.parametrize(
    "evil", ["Duka\r\nBcc: all@example.com", "Duka\nX: y", 'Du"ka <x@y.z>, a@b.c', "Düka\r\nBcc: a@b.c"]
)
def test_a_name_cannot_add_headers(evil):
    _, mail = read(a_message(sender=evil, topic=evil), sender_name=evil)
    assert mail["Bcc"] is None and mail["X"] is None
    assert [a.addr_spec for a in mail["From"].addresses] == ["hello@duka.example"]


def test_an_address_with_letters_beyond_ascii_is_written_as_utf8():
    letter, _ = read(a_message(), "grüße@example.com")
    assert "To: grüße@example.com".encode() in letter.raw


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("Amina@Example.com", "amina@example.com"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("grüße@example.com", "grüße@example.com"),
        ("a@example.com\r\nRCPT TO:<b@example.com>", ""),
        ("a b@example.com", ""),
        ("two@at@example.com", ""),
        (".dot@example.com", ""),
        ("x" * 65 + "@example.com", ""),
        ("nobody", ""),
        ("a@b", ""),
    ],
)
def test_what_a_mail_server_would_take(written, used):
    assert usable(written) == used
