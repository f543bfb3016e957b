"""Letters over SMTP: one connection that is kept, and what each answer means for the message."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from karibu.messages.channels import Letter
from karibu.messages.channels.email.compose import domain
from karibu.messages.channels.email.smtp import Broken, Connection, Refused, Reply, Server, Unreachable
from karibu.messages.status import Reason
from karibu.messages.verdict import SENT, Verdict, failed, held

# After the n-th try: so long until the next. Then it is given up, half a day later.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480)]
OUTAGE = timedelta(minutes=1)  # until the server is tried again; an outage is no fault of any message
STALE = 20  # seconds of silence after which a kept connection is asked whether it still lives
GROUP_SECONDS = 300  # deliveries of one group end before: see send.HANDED_OVER_WITHIN
_here = threading.local()


def deliver(letters: Sequence[Letter]) -> Iterator[tuple[Letter, Verdict]]:
    """Hands the letters over one after the other. Each gets exactly one verdict, whatever happens on the way."""
    deadline = time.monotonic() + GROUP_SECONDS
    outage = ""
    for letter in letters:
        if outage or time.monotonic() > deadline:
            yield letter, held(timezone.now() + OUTAGE, Reason.UNREACHABLE, outage)
            continue
        try:
            yield letter, _hand_over(letter)
        except Unreachable as error:
            outage = str(error)
            yield letter, held(timezone.now() + OUTAGE, Reason.UNREACHABLE, outage)


def _hand_over(letter: Letter) -> Verdict:
    connection = _connection()
    try:
        connection.send(letter.sender, letter.recipient, letter.raw)
    except Refused as error:
        return meaning(error.reply, error.about, letter.attempt)
    except Broken as error:
        forget()
        if error.in_doubt:
            return failed(Reason.UNKNOWN_OUTCOME, str(error))
        return _later(letter.attempt, str(error))
    _here.used = time.monotonic()
    return SENT


def meaning(reply: Reply, about: str, attempt: int) -> Verdict:
    """What a refusal means. For good and about the address itself (5.1.x): the address is blocked from now on."""
    said = " ".join(str(reply).split())
    if reply.code == 421:
        forget()
    if about == "sender" and reply.code >= 500:
        # Our own address is not welcome: a setting to mend, not a fault of the recipients.
        raise Unreachable(f"the mail server refuses our sender address: {said}")
    if reply.code < 500:
        return _later(attempt, said)
    # 5.1.7 and 5.1.8 speak of the sender's address; X.1.x otherwise of the recipient's (RFC 3463).
    bounced = reply.enhanced.startswith("5.1.") and reply.enhanced not in ("5.1.7", "5.1.8")
    if reply.enhanced == "5.6.7":
        return failed(Reason.BAD_ADDRESS, said)
    return failed(Reason.REJECTED, said, bounced=bounced)


def _later(attempt: int, said: str) -> Verdict:
    if attempt > len(PAUSES):
        return failed(Reason.GAVE_UP, said)
    return held(timezone.now() + PAUSES[attempt - 1], Reason.RETRY, said)


def _connection() -> Connection:
    """This thread's connection, made anew when it has gone stale or the settings have changed."""
    kept: Connection | None = getattr(_here, "connection", None)
    server = Server.of(settings.KARIBU_SMTP_URL)
    fresh = time.monotonic() - getattr(_here, "used", 0.0) < STALE
    if kept and kept.server == server and (fresh or kept.is_alive()):
        return kept
    forget()
    _here.connection = made = Connection(server, domain())
    _here.used = time.monotonic()
    return made


def forget() -> None:
    """Closes this thread's connection."""
    kept: Connection | None = getattr(_here, "connection", None)
    _here.connection = None
    if kept:
        kept.close()
