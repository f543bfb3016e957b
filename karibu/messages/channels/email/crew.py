"""Several couriers at work on one group of letters: one thread, which never waits for one server alone.

Whoever has offered a letter waits for its Begin; one commit begins for all who are that far, and writes the outcomes
that have come meanwhile (handover.py). The disk takes as long to answer as the servers of many connections, so the more
there is to do, the more one commit does.
"""

import select
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

from karibu.events.wake import stopping
from karibu.messages.channels import Begin, Letter
from karibu.messages.channels.email import outage
from karibu.messages.channels.email.courier import Answer, Courier
from karibu.messages.channels.email.meaning import later, meaning
from karibu.messages.channels.email.smtp import ANSWER, Broken, Connection, Server, Unreachable, reason
from karibu.messages.status import Reason
from karibu.messages.verdict import NOT_REACHED, SENT, Verdict, failed, held

STALE = 20  # seconds of silence after which a kept connection is asked whether it still lives
EACH = 8  # letters that are worth a further connection
FOR_MORE = 0.003  # seconds that a Begin waits to be for more letters: each has its price, however many it is for
PATIENCE = 0.05  # seconds of silence after which outcomes are written without waiting for a Begin
Found = Iterator[tuple[Letter, Verdict]]
Next = Generator[tuple[Letter, Verdict], None, Letter | None]


class Crew:
    """The connections of one thread to one server. They are kept from group to group."""

    def __init__(self, server: Server, hello: str) -> None:
        self.server, self.hello = server, hello
        self.couriers: list[Courier] = []
        self.most = server.connections
        self.waiting: deque[Letter] = deque()

    def deliver(self, letters: Sequence[Letter], begin: Begin, deadline: float) -> Found:
        """Each letter with what became of it, as soon as that is known. What `begin` disowns gets no verdict."""
        self.most, self.waiting = self.server.connections, deque(letters)
        self._look_whether_they_live()
        try:
            while self.waiting or not all(courier.is_idle for courier in self.couriers):
                yield from self._turn_back(deadline)
                self._open_more()
                yield from self._set_out()
                yield from self._finish(begin)
                yield from self._listen(begin)
        finally:
            for courier in [c for c in self.couriers if not c.is_idle]:
                self._dismiss(courier)

    def close(self) -> None:
        for courier in list(self.couriers):
            self._dismiss(courier)

    def _look_whether_they_live(self) -> None:
        for courier in list(self.couriers):
            if time.monotonic() - courier.moved > STALE and not courier.connection.is_alive():
                self._dismiss(courier)

    def _dismiss(self, courier: Courier) -> None:
        self.couriers.remove(courier)
        courier.close()

    def _turn_back(self, deadline: float) -> Found:
        """What has not begun, where the server is known to be away or the time of this group is over."""
        known = outage.of(self.server)
        if known:
            verdict = held(known.until, Reason.UNREACHABLE, known.words)
        elif stopping.is_set() or time.monotonic() > deadline:
            verdict = NOT_REACHED
        else:
            return
        while self.waiting:
            yield self.waiting.popleft(), verdict
        for courier in [c for c in self.couriers if c.letter and not c.ending]:
            self._dismiss(courier)
            if courier.letter:
                yield courier.letter, verdict

    def _open_more(self) -> None:
        wanted = min(self.most, -(-len(self.waiting) // EACH))
        while len(self.couriers) < wanted and not stopping.is_set():
            try:
                self.couriers.append(Courier(Connection(self.server, self.hello)))
            except Unreachable as error:
                self.most = len(self.couriers)  # it may want no more of us than these
                if not self.couriers:
                    outage.begin(self.server, str(error))
                return

    def _set_out(self) -> Found:
        for courier in list(self.couriers):
            if courier.is_free and (letter := (yield from self._next(courier))):
                try:
                    courier.take(letter)
                except OSError as error:
                    yield from self._lost(courier, reason(error))

    def _next(self, courier: Courier) -> Next:
        """The next letter that this courier's server can take."""
        while self.waiting:
            letter = self.waiting.popleft()
            if not (answer := courier.refuses(letter)):
                return letter
            yield letter, self._verdict(answer)
        return None

    def _finish(self, begin: Begin) -> Found:
        """One Begin for everybody who is that far, then their last lines."""
        offered = {c.letter.message_id: c for c in self.couriers if c.letter and c.is_offering}
        if not offered:
            return
        begun = begin.window([c.letter for c in offered.values() if c.letter])
        gone = _hung_up(offered.values())
        for number, courier in offered.items():
            if number not in begun:  # it is somebody else's by now: hanging up is the only way to take it back
                self._dismiss(courier)
                continue
            if courier.connection.socket.fileno() in gone:
                yield from self._lost(courier, "the mail server closed the connection in the middle of the message")
                continue
            goes_on = courier.pipelines and not stopping.is_set()
            following = (yield from self._next(courier)) if goes_on else None
            try:
                courier.finish(following)
            except (OSError, Broken) as error:
                if following and courier.letter is not following:
                    self.waiting.appendleft(following)
                yield from self._lost(courier, reason(error))

    def _listen(self, begin: Begin) -> Found:
        """Until nothing more is being said, or will be soon: so that the next Begin is for as many as can be."""
        busy = {c.connection.socket.fileno(): c for c in self.couriers if not c.is_idle}
        found = _said(busy, PATIENCE) if busy else []
        if not found:
            begin.settle()
            for courier in busy.values():
                if time.monotonic() - courier.moved > ANSWER:
                    yield from self._lost(courier, "the mail server does not answer")
        until = time.monotonic() + FOR_MORE
        while found:
            for number, event in found:
                yield from self._attend(busy[number], event)
            busy = {n: c for n, c in busy.items() if c in self.couriers and not (c.is_idle or c.is_offering)}
            found = _said(busy, max(0, until - time.monotonic())) if busy else []

    def _attend(self, courier: Courier, event: int) -> Found:
        try:
            if event & select.POLLOUT:
                courier.go_on_writing()
            if event & ~select.POLLOUT:
                for answer in courier.hear():
                    yield answer.letter, self._verdict(answer)
                    if answer.reply.code == 421:
                        raise Broken(str(answer.reply))
        except (OSError, Broken) as error:
            yield from self._lost(courier, reason(error))

    def _verdict(self, answer: Answer) -> Verdict:
        if answer.reply.code // 100 == 2:
            outage.end()
            return SENT
        try:
            return meaning(answer.reply, answer.about, answer.letter.attempt)
        except Unreachable as error:
            known = outage.begin(self.server, str(error))
            return held(known.until, Reason.UNREACHABLE, known.words)

    def _lost(self, courier: Courier, why: str) -> Found:
        """The connection is gone. Whose last line had gone out is in doubt; the letter behind it has not been heard."""
        self._dismiss(courier)
        if courier.ending:
            yield courier.ending, failed(Reason.UNKNOWN_OUTCOME, why)
            if courier.letter:
                self.waiting.appendleft(courier.letter)
        elif courier.letter:
            yield courier.letter, later(courier.letter.attempt, why)


def _hung_up(couriers: Iterable[Courier]) -> set[int]:
    """Whose other end is known to be gone, without reading: asked before saying what cannot be unsaid."""
    ends = select.poll()
    for courier in couriers:
        ends.register(courier.connection.socket, getattr(select, "POLLRDHUP", 0))  # POLLHUP and POLLERR come unasked
    return {number for number, _ in ends.poll(0)}


def _said(busy: Mapping[int, Courier], seconds: float) -> list[tuple[int, int]]:
    """Which of these have something to hear, or room to write: waited for so long."""
    poll = select.poll()
    for number, courier in busy.items():
        poll.register(number, select.POLLIN | (select.POLLOUT if courier.connection.unsent else 0))
    return poll.poll(seconds * 1000)
