"""Sources: made, renamed, closed. Events taken in without HTTP. Set-aside events: tried again, deleted."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from karibu.collect import barrier
from karibu.collect.bundle import INBOX, INBOX_COLUMNS, Letter, rows_of
from karibu.collect.intake import REJECTED, REJECTED_COLUMNS, Intake, body_of, sort_in
from karibu.collect.models import RejectedEvent, Source
from karibu.collect.wire import Refused, check, read
from karibu.events.wake import wake
from karibu.web.actions import record


def create_source(name: str, *, kind: str = "web", by: str = "system", believes_consents: bool = True) -> Source:
    """A new source with a write key of its own; an open source of the same name is returned as it is."""
    found = Source.objects.filter(name=name, closed_at=None).first()
    if found:
        return found
    with transaction.atomic():
        key = "wk_" + secrets.token_urlsafe(18)
        source = Source.objects.create(name=name, kind=kind, write_key=key, believes_consents=believes_consents)
        record(by, "created source", f"source {source.pk}", name=name)
    return source


@transaction.atomic
def believe(source: Source, believes: bool, *, by: str) -> None:
    """From now on consents that come with this key count at once, or wait until their address confirms them."""
    source.believes_consents = believes
    source.save(update_fields=["believes_consents"])
    record(by, "trusted source" if believes else "doubted source", f"source {source.pk}", name=source.name)


@transaction.atomic
def close_source(source: Source, *, by: str = "system") -> None:
    """From now on (a few seconds for web processes to notice) its write key is refused. Its events stay."""
    if source.closed_at is None:
        source.closed_at = timezone.now()
        source.save(update_fields=["closed_at"])
        record(by, "closed source", f"source {source.pk}", name=source.name)


def take_in(
    events: Iterable[dict[str, Any]],
    source: Source,
    *,
    historical: bool = False,
    import_id: int = 0,
    received_at: datetime | None = None,
) -> Intake:
    """Puts events, written as the Segment spec says, into the inbox in the caller's transaction.

    They take effect when a worker (or drain.drain_all) gets to them. Those that are refused are set aside;
    `refusals` of the answer says which and why.
    """
    letter = Letter(source.pk, received_at or timezone.now(), historical=historical, import_id=import_id)
    intake = sort_in([msgspec.json.encode(event) for event in events], letter)
    store(intake)
    return intake


@transaction.atomic
def store(intake: Intake) -> None:
    """Writes an intake on Django's connection (collect/inbox.py is the way of many requests at once)."""
    _copy(INBOX, INBOX_COLUMNS, rows_of(intake.parcels))
    _copy(REJECTED, REJECTED_COLUMNS, barrier.passing(intake.rejected, body_of))
    if intake.parcels:
        wake("pipeline")


def _copy(table: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


@transaction.atomic
def retry(rejected: Iterable[RejectedEvent], *, by: str = "system") -> int:
    """Sends set-aside events through the inbox again; those refused once more are set aside anew. Returns how many."""
    wanted = [one.pk for one in rejected]
    found = list(RejectedEvent.objects.select_for_update().filter(pk__in=wanted, retried_at=None).order_by("pk"))
    for one in found:
        store(sort_in([one.body.encode()], _letter(one)))
    RejectedEvent.objects.filter(pk__in=[one.pk for one in found]).update(retried_at=timezone.now())
    if found:
        record(by, "tried events again", "set-aside events", count=len(found))
    return len(found)


def retry_corrected(rejected: RejectedEvent, body: str, *, by: str) -> None:
    """Sends a set-aside event through the inbox again, as corrected by a colleague. Raises Refused: nothing changed."""
    letter = _letter(rejected)
    if not barrier.passing([body], str):
        raise Refused("", "it names somebody who was erased")
    wire, _ = read(body.encode())
    check(wire, letter.received_at, letter.skew, historical=letter.historical)
    with transaction.atomic():
        RejectedEvent.objects.filter(pk=rejected.pk).update(body=body)
        retry([rejected], by=by)


def _letter(rejected: RejectedEvent) -> Letter:
    """As it came: when it was received and how wrong its clock was are what its own time is measured against."""
    return Letter(
        rejected.source_id,
        rejected.received_at,
        timedelta(microseconds=rejected.skew_us),
        rejected.historical,
        rejected.import_id,
    )


@transaction.atomic
def discard(rejected: RejectedEvent, *, by: str) -> None:
    record(by, "deleted event", f"set-aside event {rejected.pk}")
    rejected.delete()
