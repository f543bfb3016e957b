"""`karibu doctor`: looks at everything Karibu stands on and says what is well, what is not and what to do."""

import os
import shutil
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from django.conf import settings
from django.db import DatabaseError, connection

from karibu.config import home
from karibu.insights import health

NEEDED = 2 * 1024**3  # bytes free; below it there is a warning, below health.FREE it is an error
SKEW = timedelta(seconds=5)
TIMEOUT = 5.0  # seconds for the mail server


@dataclass(frozen=True)
class Finding:
    """`tone`: good, warn (works, but) or bad. A remedy says what to do."""

    subject: str
    tone: str
    said: str
    remedy: str = ""


def examine() -> int:
    """Prints one line for each thing looked at. Returns 0 when nothing is bad, else 1."""
    findings = [finding for check in CHECKS for finding in _look(check)]
    for finding in findings:
        click.echo(f"{MARKS[finding.tone]} {finding.subject:<12} {finding.said}")
        if finding.remedy:
            click.echo(f"{'':15}→ {finding.remedy}")
    wrong = sum(finding.tone == "bad" for finding in findings)
    click.echo("All is well." if not wrong else f"{wrong} of {len(findings)} need attention.")
    return 1 if wrong else 0


def database() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database()))")
        version, size = cursor.fetchone()
    return [Finding("database", "good", f"PostgreSQL {version}, {size}")]


def disk() -> list[Finding]:
    free = shutil.disk_usage(home.make()).free
    tone = "bad" if free < health.FREE else "warn" if free < NEEDED else "good"
    remedy = "" if tone == "good" else "Make room on this disk, or move KARIBU_HOME to a larger one."
    return [Finding("disk", tone, f"{free / 1024**3:.1f} GB free below {home.path()}", remedy)]


def lake() -> list[Finding]:
    """Really writes, since permissions lie (root, read-only mounts, full disks)."""
    if "://" in settings.KARIBU_LAKE_URL:
        return [Finding("lake", "good", f"on object storage ({urlsplit(settings.KARIBU_LAKE_URL).scheme}); not tried")]
    folder = Path(settings.KARIBU_LAKE_URL)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        remedy = "Give the user that runs Karibu write permission; events wait safely in PostgreSQL until then."
        return [Finding("lake", "bad", f"{folder} cannot be written to: {error.strerror}", remedy)]
    return [Finding("lake", "good", f"{folder} can be written to"), *_small_files()]


def _small_files() -> list[Finding]:
    """Readers open each file of a month: hundreds of small ones make every page that reads the log slow."""
    from karibu.events import compact
    from karibu.events import lake as lakes

    small = compact.most_small(lakes.files(lakes.opened())) if lakes.exists() else 0
    if small < 2 * compact.PLENTY:
        return []
    said = f"{small} small files of one month wait to be merged"
    return [Finding("lake", "warn", said, "A worker merges them every five minutes: see that one runs.")]


def mirror() -> list[Finding]:
    """Reads the files with the customers' columns (segments/mirror) to their end."""
    from karibu.segments.mirror import files, keep

    known = keep.known()
    if not known.paths:
        return [Finding("mirror", "good", "nothing was written for segments yet")]
    harmed = [path for path in sorted(known.paths) if not files.is_whole(path)]
    if harmed:
        said = f"{len(harmed)} of {len(known.paths)} files with customers' columns are missing or damaged"
        return [Finding("mirror", "warn", said, "Nothing is lost: they are written anew when a segment is asked for.")]
    return [Finding("mirror", "good", f"{known.rows:,} customers in {len(known.paths)} files that are whole")]


def clock() -> list[Finding]:
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute("SELECT clock_timestamp()")
        difference = abs(cursor.fetchone()[0] - before)
    if difference > SKEW:
        remedy = "Turn on time synchronisation (NTP) on both machines: waits and windows are reckoned by these clocks."
        return [Finding("clock", "bad", f"{difference.total_seconds():.0f} s apart from the database's", remedy)]
    return [Finding("clock", "good", "agrees with the database's")]


def inbox() -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(received_at) FROM collect_inboxrow")
        rows, oldest = cursor.fetchone()
    if oldest and datetime.now(UTC) - oldest > health.LATE:
        minutes = int((datetime.now(UTC) - oldest).total_seconds() // 60)
        remedy = "Start a worker (karibu serve or karibu worker). Nothing is lost."
        return [Finding("inbox", "bad", f"{rows} rows wait, the oldest for {minutes} min", remedy)]
    return [Finding("inbox", "good", f"{rows} rows wait" if rows else "empty")]


def work() -> list[Finding]:
    """What the home page would say is late or failed."""
    looked = (
        health.standstill,
        health.late_messages,
        health.late_journeys,
        health.failed_imports,
        health.rejected_events,
        health.open_erasures,
    )
    troubles = [trouble for check in looked for trouble in check(datetime.now(UTC))]
    return [Finding(t.name, t.tone, t.sentence, t.remedy) for t in troubles] or [
        Finding("work", "good", "no message, journey or import is late or failed")
    ]


def mail() -> list[Finding]:
    url = urlsplit(settings.KARIBU_SMTP_URL)
    if not settings.KARIBU_SMTP_URL:
        return [Finding("mail", "warn", "goes to the built-in mailbox", "Set KARIBU_SMTP_URL when it shall leave.")]
    address = f"{url.hostname}:{url.port or (465 if url.scheme == 'smtps' else 587)}"
    kind = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(url.hostname or "", url.port or (465 if url.scheme == "smtps" else 587), timeout=TIMEOUT) as server:
            server.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        remedy = "Check KARIBU_SMTP_URL and the network; messages are held and tried again until then."
        return [Finding("mail", "bad", f"{address} does not answer: {error}", remedy)]
    return [Finding("mail", "good", f"{address} answers")]


def public_url() -> list[Finding]:
    if settings.KARIBU_PUBLIC_URL:
        return [Finding("public URL", "good", settings.KARIBU_PUBLIC_URL)]
    remedy = "Set KARIBU_PUBLIC_URL: links in mails point to this machine's own address until then."
    return [Finding("public URL", "warn", "not set", remedy)]


Check = Callable[[], list[Finding]]
CHECKS: list[Check] = [database, disk, lake, mirror, clock, inbox, work, mail, public_url]
MARKS = {"good": "✓", "warn": "!", "bad": "✗"}


def _look(check: Check) -> list[Finding]:
    try:
        return check()
    except DatabaseError as error:
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return [Finding(check.__name__, "bad", f"the database does not answer: {said}", "Look into postgres.log.")]
