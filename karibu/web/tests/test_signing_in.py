import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from karibu.web import jobs, throttle
from karibu.web.actions import create_user, deactivate, sign_in_path
from karibu.web.models import AuditEntry, SignInAttempt, User

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough secret"


def signed_in(client: Client) -> bool:
    return client.get("/settings/profile/").status_code == 200


@pytest.fixture
def quick_hasher(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_a_link_signs_in_once_and_by_post_alone(client: Client) -> None:
    path = sign_in_path(create_user("amina@example.test"))
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert not signed_in(client)
    assert client.post(path).status_code == 302
    assert signed_in(client)
    assert AuditEntry.objects.get(verb="signed in by link").actor == "amina@example.test"
    other = Client()
    assert other.post(path).status_code == 410
    assert not signed_in(other)


def test_the_first_sign_in_brings_the_browsers_zone_and_a_later_one_does_not(client: Client) -> None:
    user = create_user("amina@example.test")
    client.post(sign_in_path(user), {"timezone": "Africa/Kigali"})
    user.refresh_from_db()
    assert user.timezone == "Africa/Kigali"
    client.post(sign_in_path(user), {"timezone": "Europe/Lisbon"})
    user.refresh_from_db()
    assert user.timezone == "Africa/Kigali"


def test_a_link_dies_after_a_day(client: Client) -> None:
    path = sign_in_path(create_user("amina@example.test"))
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=24, seconds=5)):
        assert client.get(path).status_code == 410
        assert client.post(path).status_code == 410
    assert not signed_in(client)


def test_a_changed_link_and_a_link_of_someone_deactivated_do_not_work(client: Client) -> None:
    create_user("boss@example.test")
    user = create_user("amina@example.test")
    path = sign_in_path(user)
    assert client.post(path[:-3] + "xx/").status_code == 410
    deactivate(user, by="test")
    assert client.post(path).status_code == 410
    assert not signed_in(client)


def test_a_deactivated_colleague_is_out_at_once(client: Client) -> None:
    create_user("boss@example.test")
    user = create_user("amina@example.test")
    client.force_login(user)
    assert signed_in(client)
    deactivate(user, by="test")
    assert not signed_in(client)


def test_a_password_signs_in_and_goes_where_one_was_going(client: Client, quick_hasher: None) -> None:
    User.objects.create_user("amina@example.test", PASSWORD)
    answer = client.post(
        "/sign-in/", {"email": "Amina@example.test", "password": PASSWORD, "next": "/settings/profile/"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/settings/profile/")
    assert signed_in(client)


def test_nobody_is_sent_to_another_site(client: Client, quick_hasher: None) -> None:
    User.objects.create_user("amina@example.test", PASSWORD)
    form = {"email": "amina@example.test", "password": PASSWORD, "next": "https://evil.test/"}
    assert client.post("/sign-in/", form).headers["Location"] == "/"


def test_a_stranger_and_a_wrong_password_get_the_same_answer(client: Client, quick_hasher: None) -> None:
    User.objects.create_user("amina@example.test", PASSWORD)
    texts = []
    for email in ("amina@example.test", "nobody@example.test"):
        answer = client.post("/sign-in/", {"email": email, "password": "wrong"})
        texts.append(answer.content.decode().replace(email, "…").split('name="next"')[1])
        assert answer.status_code == 422
    assert texts[0] == texts[1]


def test_five_wrong_tries_close_an_address_for_a_quarter_of_an_hour(client: Client, quick_hasher: None) -> None:
    User.objects.create_user("amina@example.test", PASSWORD)
    for _ in range(5):
        client.post("/sign-in/", {"email": "amina@example.test", "password": "wrong"})
    right = {"email": "amina@example.test", "password": PASSWORD}
    assert "Too many tries" in client.post("/sign-in/", right).content.decode()
    assert not signed_in(client)
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=16)):
        assert client.post("/sign-in/", right).status_code == 302


def test_twenty_wrong_tries_close_a_network_whatever_the_address(client: Client, quick_hasher: None) -> None:
    User.objects.create_user("amina@example.test", PASSWORD)
    for n in range(20):
        client.post("/sign-in/", {"email": f"u{n}@example.test", "password": "wrong"}, REMOTE_ADDR=f"203.0.113.{n}")
    right = {"email": "amina@example.test", "password": PASSWORD}
    assert client.post("/sign-in/", right, REMOTE_ADDR="203.0.113.99").status_code == 422
    assert client.post("/sign-in/", right, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_tries_are_kept_without_addresses(client: Client, quick_hasher: None) -> None:
    client.post("/sign-in/", {"email": "amina@example.test", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    kept = " ".join(SignInAttempt.objects.values_list("bucket", flat=True))
    assert kept and "amina" not in kept and "203.0" not in kept


@pytest.mark.django_db(transaction=True)
def test_guesses_made_at_the_same_moment_count_as_many() -> None:
    """Each was looked up before any was written down, and all went through."""
    barrier = threading.Barrier(12)

    def guess() -> bool:
        barrier.wait(60)
        try:
            return throttle.take("amina@example.test", "203.0.113.0/24") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        admitted = [future.result() for future in [pool.submit(guess) for _ in range(12)]]
    assert sum(admitted) == throttle.PER_ADDRESS


@pytest.mark.parametrize(
    ("address", "forwarded", "network"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.0/24"),  # nobody of ours: may say what it likes
        ("10.1.2.3", "198.51.100.1", "10.1.2.0/24"),  # nor is a private network trusted for being one
        ("127.0.0.1", "198.51.100.1", "198.51.100.0/24"),
        ("::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.0/24"),  # the first was written by the visitor
        ("127.0.0.1", "198.51.100.1, 127.0.0.1", "198.51.100.0/24"),
        ("127.0.0.1", "nonsense", "127.0.0.0/24"),
        ("::ffff:203.0.113.9", "", "203.0.113.0/24"),
        ("", "198.51.100.1", ""),
    ],
)
def test_only_a_trusted_proxy_says_where_a_visitor_is(rf, address: str, forwarded: str, network: str) -> None:
    request = rf.get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttle.network_of(request) == network


def test_further_proxies_are_trusted_by_name(rf, settings) -> None:
    settings.KARIBU_TRUSTED_PROXIES = "127.0.0.0/8, 10.0.0.0/8"
    request = rf.get("/", REMOTE_ADDR="10.9.9.9", HTTP_X_FORWARDED_FOR="203.0.113.9, 10.1.1.1")
    assert throttle.network_of(request) == "203.0.113.0/24"


SENT: list[tuple[str, str, str]] = []


def fail(to: str, subject: str, text: str) -> None:
    raise OSError(f"550 {to}")


def send(to: str, subject: str, text: str) -> None:
    SENT.append((to, subject, text))


def test_asking_for_a_link_tells_nobody_who_works_here(client: Client, settings) -> None:
    settings.KARIBU_SYSTEM_MAIL = f"{__name__}.send"
    SENT.clear()
    create_user("amina@example.test")
    answers = [client.post("/sign-in/link/", {"email": e}) for e in ("amina@example.test", "nobody@example.test")]
    bodies = [a.content.decode() for a in answers]
    assert bodies[0] == bodies[1] and "is on its way" in bodies[0]
    assert [to for to, _, _ in SENT] == ["amina@example.test"]
    path = "/sign-in/" + SENT[0][2].split("/sign-in/")[1].strip()
    assert client.post(path).status_code == 302


def test_a_mail_server_that_fails_tells_nobody_who_works_here(client: Client, settings, caplog) -> None:
    settings.KARIBU_SYSTEM_MAIL = f"{__name__}.fail"
    create_user("amina@example.test")
    answers = [client.post("/sign-in/link/", {"email": e}) for e in ("amina@example.test", "nobody@example.test")]
    assert answers[0].content == answers[1].content and answers[0].status_code == 200
    assert "could not be sent: OSError" in caplog.text and "amina" not in caplog.text


def test_signing_out_needs_a_post(client: Client, owner: User) -> None:
    assert client.get("/sign-out/").status_code == 405
    assert signed_in(client)
    client.post("/sign-out/")
    assert not signed_in(client)


def test_sessions_that_have_ended_are_forgotten_every_night(client: Client, owner: User) -> None:
    Session.objects.create(session_key="old", session_data="x", expire_date=timezone.now() - datetime.timedelta(days=1))
    jobs.forget_sessions(0)
    assert Session.objects.count() == 1 and signed_in(client)
