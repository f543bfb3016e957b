"""PAINS 5: whoever puts a backup back is asked before anything that it takes for due leaves once more."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings
from django.test import Client
from django.utils import timezone

from karibu.campaigns import actions as campaigns
from karibu.campaigns.models import Campaign
from karibu.campaigns.tests.crowd import people, segment, template
from karibu.config import doctor
from karibu.config.cli import main
from karibu.config.worker import LOOPS, step_of
from karibu.journeys import actions as journeys
from karibu.journeys.models import Enrollment
from karibu.messages import awake
from karibu.messages.channels.webhook import actions as webhooks
from karibu.messages.models import Heartbeat, Mail, Message
from karibu.messages.tests.cast import a_person, the_shop, wants
from karibu.messages.tests.servers_http import Server
from karibu.messages.tests.servers_webhook import receiver
from karibu.web.models import AuditEntry, User

pytestmark = pytest.mark.django_db
Send = Callable[..., Any]


@pytest.fixture
def there(settings: Any) -> Iterator[Server]:
    settings.KARIBU_WEBHOOK_NETWORKS = "127.0.0.0/8"
    with receiver() as server:
        yield server


def everything_is_due(send: Send, there: Server) -> None:
    """A message, a campaign, somebody in a journey and a webhook, each of whose moment has come."""
    awake.keep_awake(timezone.now())
    the_shop()
    template()
    wants(a_person("amina"), "transactional", sender="api")
    plan = {"include": [segment("A", people(2)).pk], "templates": ["spring"], "holdout": 0}
    campaigns.launch(campaigns.create("Spring", by="test", **plan), by="test")
    definition = {"entry": {"event": "Signed Up"}, "steps": [{"send": {"template": "spring"}}]}
    journeys.publish(journeys.create("Welcome", definition, by="test"), by="test")
    webhooks.create(there.url, [], by="test")
    send({"userId": "zuri", "event": "Signed Up", "messageId": "m1"})


def a_backup_was_put_back() -> None:
    """The database is that of nine hours ago; the file beside it is of now."""
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=9))


def every_loop_steps(times: int = 4) -> None:
    for _ in range(times):
        for loop in LOOPS:
            step_of(loop)()


def state(there: Server) -> dict[str, object]:
    return {
        "messages": sorted(Message.objects.values_list("status", flat=True)),
        "mails": Mail.objects.count(),
        "campaign": Campaign.objects.get().status,
        "journey": list(Enrollment.objects.values_list("status", "step")),
        "webhooks": len(there.asked),
    }


def test_no_loop_sends_or_moves_anybody_on_until_the_owner_says_so(lake, send, there):
    everything_is_due(send, there)
    a_backup_was_put_back()
    before = state(there)
    every_loop_steps()
    assert state(there) == before
    assert before == {
        "messages": ["intended"], "mails": 0, "campaign": "scheduled", "journey": [("active", 0)], "webhooks": 0,
    }  # fmt: skip
    awake.go_on(timezone.now(), by="owner@shop.test")
    every_loop_steps()
    after = state(there)
    assert (after["campaign"], after["mails"]) == ("sent", 3)  # zuri's has no address
    assert after["journey"][0][0] == "finished" and after["webhooks"]
    assert AuditEntry.objects.filter(verb="let sending go on", actor="owner@shop.test").exists()


def test_a_system_that_was_merely_off_goes_on():
    now = timezone.now()
    assert awake.keep_awake(now)
    assert awake.keep_awake(now + timedelta(hours=30))
    assert awake.keep_awake(now + timedelta(hours=30, seconds=1))


def test_a_folder_that_was_put_back_as_a_whole_is_found_by_when_its_file_came_there():
    """As tar, rsync or cp -a put it back: its times are those of the backup, but for the one that nobody can set."""
    long_ago = timezone.now() - timedelta(hours=9)
    assert awake.keep_awake(long_ago)
    assert not awake.keep_awake(timezone.now())


def test_without_a_file_another_database_is_a_backup_and_the_same_one_is_not():
    """A container without a disk of its own."""
    assert awake.keep_awake(timezone.now())
    a_backup_was_put_back()
    (Path(settings.KARIBU_HOME) / "sending.beat").unlink()
    assert awake.keep_awake(timezone.now()), "merely off"
    (Path(settings.KARIBU_HOME) / "sending.beat").unlink()
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=9), place="7/1/5")
    assert not awake.keep_awake(timezone.now())
    awake.go_on(timezone.now(), by="owner@shop.test")
    assert awake.keep_awake(timezone.now())


def test_another_loop_that_leaves_its_mark_meanwhile_is_no_backup():
    """After a night off, two loops look at once: one has written the file and the row, the other has read neither."""
    now = timezone.now()
    awake.keep_awake(now)
    for hours in range(9, 60, 9):
        assert awake.keep_awake(now + timedelta(hours=hours)) and awake.keep_awake(now + timedelta(hours=hours))


def test_every_page_that_sends_says_so_and_only_the_owner_wakes_it(client):
    awake.keep_awake(timezone.now())
    the_shop()
    wants(a_person())
    a_backup_was_put_back()
    step_of(next(loop for loop in LOOPS if loop.name == "send"))()
    marketer = Client()
    marketer.force_login(User.objects.create_user("meg@shop.test", role="marketer"))
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    for page in ("/campaigns/", "/messages/", "/journeys/"):
        shown = client.get(page).content.decode()
        assert "Nothing is sent" in shown and "1 message would leave at once" in shown
        assert "/messages/go-on/" in shown and "/messages/go-on/" not in marketer.get(page).content.decode()
    assert "Nothing is sent until the owner says so" in client.get("/").content.decode()
    assert marketer.post("/messages/go-on/").status_code == 403 and awake.stopped_since()
    client.post("/messages/go-on/")
    assert awake.stopped_since() is None and "Nothing is sent" not in client.get("/messages/").content.decode()


def test_the_terminal_says_what_is_due_and_wakes_it_too():
    assert "Nothing stands still." in CliRunner().invoke(main, ["go-on"]).output
    awake.keep_awake(timezone.now())
    the_shop()
    wants(a_person())
    a_backup_was_put_back()
    awake.keep_awake(timezone.now())
    assert any(finding.tone == "bad" and "backup" in finding.said for finding in doctor.work())
    asked = CliRunner().invoke(main, ["go-on"], input="n\n")
    assert asked.exit_code == 1 and "would leave at once: 1." in asked.output and awake.stopped_since()
    assert "Sending goes on." in CliRunner().invoke(main, ["go-on", "--yes"]).output
    assert awake.stopped_since() is None
