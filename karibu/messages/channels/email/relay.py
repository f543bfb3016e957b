"""The mail server of the settings: one crew of connections per thread, and whether it is known to be away."""

import threading
import time
from collections.abc import Iterator, Sequence

from django.conf import settings

from karibu.messages.channels import Begin, Letter
from karibu.messages.channels.email import outage
from karibu.messages.channels.email.compose import domain
from karibu.messages.channels.email.crew import Crew
from karibu.messages.channels.email.smtp import NO_SERVER, NotTaken, Server
from karibu.messages.status import Reason
from karibu.messages.verdict import SENT, Verdict, held

GROUP_SECONDS = 300  # deliveries of one group end before: see handover.LEASE
_here = threading.local()


def closed() -> Verdict | None:
    """Held until the server is tried again, where this process knows that it is away."""
    known = outage.of(_server())
    return held(known.until, Reason.UNREACHABLE, known.words) if known else None


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    """Hands the letters over, several at a time. Each gets at most one verdict, whatever happens on the way.

    A letter that `begin` disowns gets none: whoever holds its row now decides. When the worker shall end, the letters
    whose turn has not come go back to the queue.
    """
    server = _server()
    if server is None:
        known = outage.begin(None, NO_SERVER)
        verdict = held(known.until, Reason.UNREACHABLE, known.words)
        yield from ((letter, verdict) for letter in letters)
        return
    yield from _crew(server).deliver(letters, begin, time.monotonic() + GROUP_SECONDS)


def send_now(letter: Letter) -> None:
    """One letter that has no row, over a connection of its own. Raises NotTaken, also for one that may have arrived."""
    crew = Crew(Server.of(settings.KARIBU_SMTP_URL), domain())
    try:
        verdicts = [verdict for _, verdict in crew.deliver([letter], _Always(), time.monotonic() + GROUP_SECONDS)]
    finally:
        crew.close()
    if verdicts != [SENT]:
        raise NotTaken(" ".join(one.detail for one in verdicts), next((one.reason for one in verdicts), ""))


class _Always:
    """Begin, where there is no row that could say no."""

    def __call__(self, letter: Letter) -> bool:
        return True

    def window(self, letters: Sequence[Letter]) -> set[int]:
        return {letter.message_id for letter in letters}

    def settle(self) -> None:
        pass


def _crew(server: Server) -> Crew:
    """This thread's, made anew when the settings have changed."""
    kept: Crew | None = getattr(_here, "crew", None)
    if kept is None or kept.server != server:
        forget()
        _here.crew = kept = Crew(server, domain())
    return kept


def _server() -> Server | None:
    """The server of the settings; None where these cannot be read, which holds all mail until somebody mends them."""
    try:
        return Server.of(settings.KARIBU_SMTP_URL)
    except ValueError:
        return None


def forget() -> None:
    """Closes this thread's connections."""
    kept: Crew | None = getattr(_here, "crew", None)
    _here.crew = None
    if kept:
        kept.close()
