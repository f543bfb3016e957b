"""What is wrong right now, in sentences with a remedy: home shows it, `karibu doctor` prints it.

Everything asked here is answered from an index or from one small table, because home asks on every visit.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.campaigns import queries as campaigns
from karibu.messages import awake
from karibu.shop import coupons
from karibu.web.formats import count

LATE = timedelta(minutes=2)
ERASING = timedelta(minutes=15)  # longer than an erasure takes
FREE = 500 * 1024 * 1024  # bytes; PostgreSQL stops taking events soon after a disk is full


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, and what to do. `tone`: bad (something stands still) or warn."""

    name: str
    sentence: str
    remedy: str
    url: str = ""
    tone: str = "bad"


def troubles(now: datetime | None = None) -> list[Trouble]:
    """Nothing when all is well, else the worst first."""
    now = now or datetime.now(UTC)
    found = [trouble for check in CHECKS for trouble in check(now)]
    return sorted(found, key=lambda trouble: trouble.tone != "bad")


def late_messages(now: datetime) -> Iterator[Trouble]:
    number, oldest = _one(
        "SELECT count(*), min(due_at) FROM messages_message WHERE status IN ('intended', 'held') AND due_at < %s",
        [now - LATE],
    )
    if number:
        yield Trouble(
            "messages",
            ngettext("%(n)s message is late, by %(m)s min.", "%(n)s messages are late, by up to %(m)s min.", number)
            % {"n": count(number), "m": int((now - oldest).total_seconds() // 60)},
            _("Look whether the worker runs (karibu doctor) and whether the mail server answers."),
            "/messages/?status=intended",
        )


def late_journeys(now: datetime) -> Iterator[Trouble]:
    """Each live journey in which people wait for more than two minutes longer than planned, by its name."""
    with connection.cursor() as cursor:
        cursor.execute(_LATE_JOURNEYS, [now - LATE])
        rows = cursor.fetchall()
    for number, name, people, since in rows:
        said = {"n": count(people), "name": name, "m": int((now - since).total_seconds() // 60)}
        yield Trouble(
            f"journey {number}",
            ngettext(
                "%(n)s person waits in “%(name)s” by %(m)s min longer than planned.",
                "%(n)s people wait in “%(name)s” by up to %(m)s min longer than planned.",
                people,
            )
            % said,
            _("Look whether the worker runs: karibu doctor."),
            f"/journeys/{number}/",
        )


_LATE_JOURNEYS = """
    SELECT j.id, j.name, count(*), min(e.due_at) FROM journeys_journey j
    JOIN journeys_enrollment e ON e.journey_id = j.id AND e.status = 'active' AND e.due_at < %s
    WHERE j.status = 'live' GROUP BY j.id ORDER BY 4, j.id LIMIT 20"""


def late_campaigns(now: datetime) -> Iterator[Trouble]:
    """Each by its name: whoever planned it must know."""
    for late in campaigns.late(now):
        said = {"name": late.campaign.name, "m": int((now - late.since).total_seconds() // 60)}
        yield Trouble(
            f"campaign {late.campaign.pk}",
            _("The campaign “%(name)s” is %(m)s min late.") % said,
            _("Look whether the worker runs (karibu doctor) and whether its segments could be counted."),
            late.campaign.get_absolute_url(),
        )


def standstill(now: datetime) -> Iterator[Trouble]:
    if awake.stopped_since():
        yield Trouble(
            "sending",
            _("A backup was put back. Nothing is sent until the owner says so."),
            _("Look at what is due, then let sending go on: on the page of messages, or by karibu go-on."),
            "/messages/",
        )


def waiting_inbox(now: datetime) -> Iterator[Trouble]:
    (oldest,) = _one("SELECT received_at FROM collect_inboxrow WHERE NOT historical ORDER BY id LIMIT 1", [])
    if oldest and now - oldest > LATE:
        yield Trouble(
            "inbox",
            _("Events wait to be worked on, the oldest for %(m)s min. None is lost.")
            % {"m": int((now - oldest).total_seconds() // 60)},
            _("Look whether the worker runs: karibu doctor. A large import may need a moment."),
            "/events/",
        )


def rejected_events(now: datetime) -> Iterator[Trouble]:
    (number,) = _one(
        "SELECT count(*) FROM (SELECT 1 FROM collect_rejectedevent"
        " WHERE received_at > %s AND retried_at IS NULL LIMIT 10000) r",
        [now - timedelta(days=1)],
    )
    if number:
        yield Trouble(
            "rejected",
            ngettext(
                "%(n)s event was set aside since yesterday.", "%(n)s events were set aside since yesterday.", number
            )
            % {"n": count(number)},
            _("Each says why; repair the sender, then retry them."),
            "/events/rejected/",
            "warn",
        )


def failed_imports(now: datetime) -> Iterator[Trouble]:
    (name,) = _one(
        "SELECT filename FROM imports_import WHERE status = 'failed' AND created_at > %s ORDER BY id DESC LIMIT 1",
        [now - timedelta(days=7)],
    )
    if name:
        yield Trouble(
            "import",
            _("The import of %(file)s stopped before its end.") % {"file": name},
            _("What was brought in is kept; it can go on at the row where it stopped."),
            "/imports/",
        )


def low_coupon_pools(now: datetime) -> Iterator[Trouble]:
    for pool, left in coupons.low_pools():
        yield Trouble(
            f"coupons {pool.pk}",
            ngettext("%(n)s code is left in “%(pool)s”.", "%(n)s codes are left in “%(pool)s”.", left)
            % {"n": count(left), "pool": pool.name},
            _("Add codes: when none is left, people get “%(code)s”.") % {"code": pool.fallback}
            if pool.fallback
            else _("Add codes: when none is left, people get no code."),
            pool.get_absolute_url(),
            "warn",
        )


def open_erasures(now: datetime) -> Iterator[Trouble]:
    (customer,) = _one(
        "SELECT customer_id FROM consents_erasure WHERE done_at IS NULL AND begun_at < %s ORDER BY id LIMIT 1",
        [now - ERASING],
    )
    if customer:
        yield Trouble(
            "erasure",
            _("The erasure of customer %(n)s has begun and is not done. It is tried again every five minutes.")
            % {"n": customer},
            _("karibu erase %(n)s goes on with it and says what it waits for.") % {"n": customer},
        )


def lake_folder(now: datetime) -> Iterator[Trouble]:
    """A lake on object storage is looked at by its flusher; a folder can be asked here."""
    if "://" in settings.KARIBU_LAKE_URL:
        return
    folder = Path(settings.KARIBU_LAKE_URL)
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Trouble(
            "lake",
            _("The event log's folder %(path)s cannot be written to. Events are kept in PostgreSQL meanwhile.")
            % {"path": folder},
            _("Give the user that runs Karibu write permission on it."),
        )


def disk_space(now: datetime) -> Iterator[Trouble]:
    free = shutil.disk_usage(settings.KARIBU_HOME if Path(settings.KARIBU_HOME).exists() else "/").free
    if free < FREE:
        yield Trouble(
            "disk",
            _("Only %(n)s MB are free on the disk of Karibu's folder.") % {"n": count(free // 1024**2)},
            _("Make room: with a full disk nothing more can be taken in."),
        )


Check = Callable[[datetime], Iterator[Trouble]]
CHECKS: list[Check] = [
    late_messages,
    late_journeys,
    late_campaigns,
    standstill,
    waiting_inbox,
    lake_folder,
    disk_space,
    failed_imports,
    rejected_events,
    low_coupon_pools,
    open_erasures,
]


def _one(query: str, parameters: list[datetime]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone() or (None,)
