"""Posts on social networks: planned as a row, posted once at their hour."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from karibu.messages.channels import accounts
from karibu.messages.channels.models import Account, Post
from karibu.messages.channels.social import actions, deliver
from karibu.messages.channels.social.account import PROVIDERS
from karibu.messages.tests.servers_http import HangUp, Request, Said, Server, serving
from karibu.web.models import User

pytestmark = pytest.mark.django_db


def mastodon(request: Request) -> Said:
    if request.headers.get("Authorization") != "Bearer m-token":
        return 401, {"error": "The access token is invalid"}, {}
    if request.path == "/api/v1/accounts/verify_credentials":
        return 200, {"acct": "duka"}, {}
    assert request.path == "/api/v1/statuses"
    return 200, {"id": "1", "url": "https://social.example/@duka/1"}, {}


@pytest.fixture
def line() -> Iterator[tuple[Server, Account]]:
    with serving(mastodon) as server:
        account = accounts.draft("social", "mastodon", {"base_url": server.url}, {"access_token": "m-token"})
        account.name = PROVIDERS[0].check(account)
        server.asked.clear()
        yield server, accounts.open_account(account, by="a test")


def run() -> None:
    while deliver.step() == 0:
        pass


def test_a_post_appears_at_its_hour_and_once(line: tuple[Server, Account]) -> None:
    server, account = line
    now = timezone.now()
    post = actions.plan(account, "Karibu!", by="a test", due_at=now + timedelta(hours=1), key="campaign:7")
    assert actions.plan(account, "Karibu!", by="a test", key="campaign:7") == post
    run()
    assert not server.asked
    with time_machine.travel(now + timedelta(hours=1, seconds=1)):
        run()
        run()
    [request] = server.asked
    assert request.form == {"status": "Karibu!"}
    post.refresh_from_db()
    assert (post.status, post.detail) == ("sent", "https://social.example/@duka/1")


def test_an_interrupted_post_is_made_again_under_the_same_key(line: tuple[Server, Account]) -> None:
    server, account = line
    server.trouble.append(HangUp)
    post = actions.plan(account, "Karibu!", by="a test")
    run()
    with time_machine.travel(timezone.now() + deliver.PAUSE + timedelta(seconds=1)):
        run()
    post.refresh_from_db()
    assert post.status == "sent"
    assert len(server.asked) == 2
    assert {request.headers["Idempotency-Key"] for request in server.asked} == {post.key}


def test_a_post_whose_worker_died_long_ago_is_not_made_again(line: tuple[Server, Account]) -> None:
    server, account = line
    post = actions.plan(account, "Karibu!", by="a test")
    then = timezone.now() - timedelta(hours=2)
    Post.objects.update(status="sending", claimed_at=then, tried_at=then)
    run()
    post.refresh_from_db()
    assert post.status == "failed" and not server.asked


def test_what_the_service_refuses_is_said(line: tuple[Server, Account]) -> None:
    server, account = line
    server.trouble.append((422, {"error": "Validation failed: Text can't be blank"}, {}))
    post = actions.plan(account, "Karibu!", by="a test")
    run()
    post.refresh_from_db()
    assert (post.status, post.detail) == ("failed", "Validation failed: Text can't be blank")


def test_services_of_apprise_are_posted_to(settings: object) -> None:
    """Its Mastodon plugin speaks plain HTTP, and so reaches a server of ours."""
    asked: list[Request] = []

    def answer(request: Request) -> Said:
        asked.append(request)
        return 200, {"id": "1"}, {}

    with serving(answer) as server:
        url = server.url.replace("http://", "mastodon://m-token@")
        account = accounts.draft("social", "apprise", {}, {"url": url})
        account.name = PROVIDERS[1].check(account)
        accounts.open_account(account, by="a test")
        post = actions.plan(account, "Karibu!", by="a test")
        run()
    post.refresh_from_db()
    assert post.status == "sent"
    assert json.loads(asked[-1].body)["status"].strip() == "Karibu!"


def test_a_marketer_plans_and_cancels(line: tuple[Server, Account], client: Client) -> None:
    server, account = line
    client.force_login(User.objects.create_user("brian@example.test", role="marketer"))
    form = {"account": account.pk, "text": "Karibu!", "due_at": "2099-01-01T09:00"}
    assert "at most" in client.post("/posts/plan/", {**form, "text": "x" * 501}).content.decode().lower()
    client.post("/posts/plan/", form)
    post = Post.objects.get()
    client.post(f"/posts/{post.pk}/cancel/")
    post.refresh_from_db()
    run()
    assert post.status == "cancelled" and not server.asked
