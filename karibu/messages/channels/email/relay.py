"""Letters over SMTP: one connection that is kept, and what each answer means for the message."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from karibu.events.wake import stopping
from karibu.messages.channels import Begin, Letter
from karibu.messages.channels.email import outage
from karibu.messages.channels.email.compose import domain
from karibu.messages.channels.email.smtp import NO_SERVER, Broken, Connection, Refused, Reply, Server, Unreachable
from karibu.messages.status import Reason
from karibu.messages.verdict import NOT_REACHED, SENT, Verdict, failed, held

# After the n-th try: so long until the next. Then it is given up, half a day later.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480)]
STALE = 20  # seconds of silence after which a kept connection is asked whether it still lives
GROUP_SECONDS = 300  # deliveries of one group end before: see handover.LEASE
_here = threading.local()


def closed() -> Verdict | None:
    """Held until the server is tried again, where this process knows that it is away."""
    known = outage.of(_server())
    return held(known.until, Reason.UNREACHABLE, known.words) if known else None


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    """Hands the letters over one after the other. Each gets at most one verdict, whatever happens on the way.

    A letter that `begin` disowns gets none: whoever holds its row now decides. When the worker shall end, the letters
    whose turn has not come go back to the queue.
    """
    deadline = time.monotonic() + GROUP_SECONDS
    for letter in letters:
        if time.monotonic() > deadline or stopping.is_set():
            yield letter, NOT_REACHED
        elif verdict := _verdict_on(letter, begin):
            yield letter, verdict


def _verdict_on(letter: Letter, begin: Begin) -> Verdict | None:
    if verdict := closed():
        return verdict
    try:
        return _hand_over(letter, begin)
    except Unreachable as error:
        outage.begin(_server(), str(error))
        return closed()


def _hand_over(letter: Letter, begin: Begin) -> Verdict | None:
    connection = _connection()
    try:
        connection.offer(letter.sender, letter.recipient, letter.raw)
        if not _begins(letter, begin):
            return None
        connection.commit()
    except Refused as error:
        return meaning(error.reply, error.about, letter.attempt)
    except Broken as error:
        forget()
        if error.in_doubt:
            return failed(Reason.UNKNOWN_OUTCOME, str(error))
        return _later(letter.attempt, str(error))
    _here.used = time.monotonic()
    outage.end()
    return SENT


def _begins(letter: Letter, begin: Begin) -> bool:
    """Asks whether the last line may go out. If not, hanging up is the only way to take the message back."""
    begun = False
    try:
        begun = begin(letter)
    finally:
        if not begun:
            forget()
    return begun


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
    server = _server()
    if server is None:
        raise Unreachable(NO_SERVER)
    fresh = time.monotonic() - getattr(_here, "used", 0.0) < STALE
    if kept and kept.server == server and (fresh or kept.is_alive()):
        return kept
    forget()
    _here.connection = made = Connection(server, domain())
    _here.used = time.monotonic()
    return made


def _server() -> Server | None:
    """The server of the settings; None where these cannot be read, which holds all mail until somebody mends them."""
    try:
        return Server.of(settings.KARIBU_SMTP_URL)
    except ValueError:
        return None


def forget() -> None:
    """Closes this thread's connection."""
    kept: Connection | None = getattr(_here, "connection", None)
    _here.connection = None
    if kept:
        kept.close()
