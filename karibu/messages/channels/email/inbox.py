"""The mailbox that bounces come to, read over IMAP (RFC 9051). Nothing in it is changed.

The place is a UID under a UIDVALIDITY: whatever came since is read, however long we were away; and where the server
numbered its mails anew, all of them are read again, of which each counts once (reports.py).
"""

import imaplib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from karibu.messages.channels.email import bounces, reports
from karibu.messages.channels.email.models import BounceBox
from karibu.web import sealed

log = logging.getLogger("karibu.bounces")
PATIENCE = 30  # seconds
AT_ONCE = 50  # mails of one transaction


class CannotRead(Exception):
    """The mailbox cannot be read; the text says why, for a colleague."""


def read_all() -> int:
    """Takes in what has come since the last time; returns how many mails. Raises CannotRead, also noted in the row."""
    box = BounceBox.objects.filter(pk=1).exclude(host="").first()
    if box is None:
        return 0
    try:
        count = sum(_from_server(box))
    except (imaplib.IMAP4.error, OSError, sealed.CannotOpen) as error:
        trouble = " ".join(str(error).split()) or type(error).__name__
        BounceBox.objects.filter(pk=1).update(trouble=trouble[:500])
        raise CannotRead(trouble) from error
    BounceBox.objects.filter(pk=1).update(read_at=timezone.now(), trouble="")
    return count


def _from_server(box: BounceBox) -> Iterator[int]:
    with opened(box) as server:
        validity = _validity(server)
        start = box.uid if box.uid_validity == validity else 0
        # `n:*` names the last mail even where its UID is lower (RFC 9051, 6.4.9).
        _, [found] = server.uid("SEARCH", f"UID {start + 1}:*")
        uids = sorted(uid for uid in map(int, (found or b"").split()) if uid > start)
        for first in range(0, len(uids), AT_ONCE):
            some = uids[first : first + AT_ONCE]
            yield take([raw for uid in some if (raw := _mail(server, uid))], via="mailbox", place=(validity, some[-1]))
        if not uids and validity != box.uid_validity:
            BounceBox.objects.filter(pk=1).update(uid_validity=validity, uid=0)


@contextmanager
def opened(box: BounceBox) -> Iterator[imaplib.IMAP4]:
    """Signed in, the folder open to be read only."""
    kind = imaplib.IMAP4_SSL if box.is_encrypted else imaplib.IMAP4
    server = kind(box.host, box.port, timeout=PATIENCE)
    try:
        server.login(box.user, sealed.unseal(box.sealed).get("password", ""))
        said, detail = server.select(f'"{box.folder}"', readonly=True)
        if said != "OK":
            raise imaplib.IMAP4.error(f"The folder {box.folder} cannot be opened: {detail[0]!r}")
        yield server
    finally:
        server.shutdown()


def _validity(server: imaplib.IMAP4) -> int:
    _, values = server.response("UIDVALIDITY")
    return int(values[0] or 0) if values else 0


def _mail(server: imaplib.IMAP4, uid: int) -> bytes:
    """Its bytes, without marking it as seen; nothing where it was deleted meanwhile."""
    _, parts = server.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{bounces.LARGEST}>)")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")


def take(mails: list[bytes], *, via: str, place: tuple[int, int] | None = None) -> int:
    """What these mails report, and how far the mailbox is read by that, in one transaction. Returns how many mails."""
    found = [report for raw in mails for report in _read(raw, via)]
    with transaction.atomic():
        reports.take(found)
        if place:
            BounceBox.objects.filter(pk=1).update(uid_validity=place[0], uid=place[1])
    return len(mails)


def _read(raw: bytes, via: str) -> list[reports.Said]:
    try:
        return bounces.read(raw, via=via)
    except Exception as error:  # one mail that nobody can read must not hold up all others
        log.warning("a mail in the bounce mailbox cannot be read: %s", type(error).__name__)
        return []
