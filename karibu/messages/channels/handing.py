"""Handing letters to a provider: a few at once, each begun and answered for by itself.

A message is at most once on its way: `begin` commits before its call is made, and what came of it is written down as
soon as it is known. Of those that are under way when the process dies, nobody knows (handover.py); they are at most
WIDTH, and a provider that hands our reference back clears them up (receipts.py).
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.utils import timezone

from karibu.events.wake import stopping
from karibu.messages.channels import Begin, Letter, accounts, receipts
from karibu.messages.channels.http import Answer, Call, InDoubt, NotReached, ask
from karibu.messages.channels.models import Account
from karibu.messages.status import Reason
from karibu.messages.verdict import NOT_REACHED, SENT, Verdict, failed, held
from karibu.web.sealed import CannotOpen

log = logging.getLogger("karibu.channels")
WIDTH = 8
GROUP_SECONDS = 300  # as e-mail's: see handover.LEASE
# After the n-th try: so long until the next. Then it is given up.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240)]


@dataclass(frozen=True)
class Handed:
    """What came of one call. `away` says that the provider takes nothing from anybody until then."""

    verdict: Verdict
    provider_id: str = ""
    parts: int = 1
    away: datetime | None = None


Meaning = Callable[[Answer, int], Handed]  # of an answer, on the n-th try


def closed(kind: str) -> Verdict | None:
    """Held, while no account is connected or its provider is known to be away."""
    account = accounts.in_use(kind)
    soon = timezone.now() + timedelta(minutes=10)
    if account is None:
        return held(soon, Reason.NOT_CONNECTED)
    try:
        account.secrets  # noqa: B018 - whether they can be opened
    except CannotOpen as error:
        return held(soon, Reason.NOT_CONNECTED, str(error))
    return accounts.away(account)


def deliver(
    account: Account, letters: Sequence[Letter], begin: Begin, hand: Callable[[Letter], Handed]
) -> Iterator[tuple[Letter, Verdict]]:
    """Each letter with what became of it. `hand` makes the call, in a thread that has no database."""
    deadline = time.monotonic() + GROUP_SECONDS
    waiting = deque(letters)
    under_way: dict[Future[Handed], Letter] = {}
    while waiting or under_way:
        while waiting and len(under_way) < WIDTH:
            letter = waiting.popleft()
            if stopping.is_set() or time.monotonic() > deadline:
                yield letter, NOT_REACHED
            elif verdict := accounts.away(account):
                yield letter, verdict
            elif begin(letter):
                under_way[_threads().submit(_safely, hand, letter)] = letter
        begin.settle()  # providers take their time: nobody's outcome waits for them
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            yield _come_back(account, under_way.pop(future), future.result())


def _come_back(account: Account, letter: Letter, handed: Handed) -> tuple[Letter, Verdict]:
    if handed.away:
        accounts.take_pause(account, handed.away, handed.verdict.detail)
    elif handed.verdict == SENT:
        accounts.end_pause(account)
        receipts.accepted(account, letter.message_id, handed.provider_id, handed.parts)
    return letter, handed.verdict


def _safely(hand: Callable[[Letter], Handed], letter: Letter) -> Handed:
    """A bug in reading an answer says nothing about whether the message left."""
    try:
        return hand(letter)
    except Exception as error:
        log.exception("message %s: the answer to it could not be read", letter.message_id)
        return Handed(failed(Reason.UNKNOWN_OUTCOME, type(error).__name__))


def make(call: Call | Callable[[], Answer], meaning: Meaning, attempt: int = 1) -> Handed:
    """One call, and what its answer means; what every provider's answers have in common is read here."""
    now = timezone.now()
    try:
        answer = ask(call) if isinstance(call, Call) else call()
    except NotReached as error:
        return busy(now + timedelta(minutes=1), Reason.UNREACHABLE, str(error))
    except InDoubt as error:
        return Handed(failed(Reason.UNKNOWN_OUTCOME, str(error)))
    if answer.status == 429:
        pause = answer.retry_after(now) or timedelta(seconds=30)
        return busy(now + max(pause, timedelta(seconds=1)), Reason.UNREACHABLE, "it asks for fewer messages at a time")
    if answer.status == 503:
        return later(attempt, f"HTTP {answer.status}", answer.retry_after(now))
    if answer.status >= 500:
        # It may have failed before or after it took the message: only the provider knows.
        return Handed(failed(Reason.UNKNOWN_OUTCOME, f"HTTP {answer.status}"))
    return meaning(answer, attempt)


def sent(provider_id: str, parts: int = 1) -> Handed:
    return Handed(SENT, provider_id, parts)


def refused(words: str, *, bounced: bool = False, reason: Reason = Reason.REJECTED) -> Handed:
    """For good. `bounced`: it is the address that does not exist."""
    return Handed(failed(reason, words, bounced=bounced))


def later(attempt: int, words: str, pause: timedelta | None = None) -> Handed:
    if attempt > len(PAUSES):
        return Handed(failed(Reason.GAVE_UP, words))
    return Handed(held(timezone.now() + (pause or PAUSES[attempt - 1]), Reason.RETRY, words))


def busy(until: datetime, reason: Reason, words: str) -> Handed:
    """It is no fault of this message: it is held, uncounted, and everybody else with it."""
    return Handed(held(until, reason, words), away=until)


def misconfigured(words: str) -> Handed:
    """The account itself is refused (key, balance, sender): to be mended by a person, so all is held for a while."""
    return busy(timezone.now() + timedelta(minutes=10), Reason.UNREACHABLE, words)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WIDTH, thread_name_prefix="providers")
