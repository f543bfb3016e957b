"""The sample shop's simulated shoppers: a process of its own that talks to Karibu as browsers do, over HTTP.

People of the history and strangers come as the clocks of their countries say, look at things at a human pace, leave
carts or order. Their mail arrives in the built-in mailbox; some follow the real link in it and buy after all. They go
on when the server is started again, and end with the process that started them.
"""

import base64
import heapq
import itertools
import json
import logging
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from django.db import Error as DatabaseError
from django.db import close_old_connections

from karibu.demo import inboxes
from karibu.demo.history import BY_HOUR, PEOPLE, SEED
from karibu.demo.people import PLACES, Person, people, person
from karibu.demo.queries import storefront_source
from karibu.demo.sessions import Cart, Sent, Visit

log = logging.getLogger("karibu.demo")

ARRIVALS = 5.5  # seconds between two visitors on average, at the busiest hour
PAUSE = (2.0, 14.0)  # seconds between two things that one visitor does
MAIL_EVERY = 10.0  # seconds between two looks into the mailbox
READS_AFTER = (15.0, 90.0)  # seconds from a mail to the click on it
KEPT = 500  # events kept while the server does not answer; older ones are let go
CARTS = 2000  # left carts that are remembered
TIMEOUT = 10.0
NEWCOMERS = itertools.count(int(time.time()) % 10**8)

Step = Iterator[Sent]


def run(url: str) -> None:
    """Never returns. `url` is where Karibu serves; the write key is looked up as soon as the shop is open."""
    Crowd(url.rstrip("/"), Random()).live()  # noqa: S311 - shoppers' moods, no secrets


class Crowd:
    """Everybody who is in the shop. `due` holds (when, turn, visit under way), soonest first."""

    def __init__(self, url: str, random: Random) -> None:
        self.url, self.random = url, random
        self.known = people(PEOPLE, Random(SEED))  # noqa: S311
        self.due: list[tuple[float, int, Step]] = []
        self.turn = itertools.count()
        self.waiting: list[Sent] = []
        self.carts: dict[str, tuple[Person, Cart]] = {}
        self.mailbox = inboxes.Mailbox()
        self.orders = itertools.count(int(time.time()) % 10**7)
        self.last_failure = ""

    def live(self) -> None:
        arrival = mail = 0.0
        while True:
            close_old_connections()
            now = time.monotonic()
            if now >= arrival:
                self._welcome()
                arrival = now + self.random.expovariate(1 / ARRIVALS)
            if now >= mail:
                self._read_mail()
                mail = now + MAIL_EVERY
            self.act(now)
            self.send()
            time.sleep(1)

    def act(self, now: float) -> None:
        """Lets everybody whose moment has come do one thing."""
        while self.due and self.due[0][0] <= now:
            _when, _turn, visit = heapq.heappop(self.due)
            event = next(visit, None)
            if event is not None:
                self.waiting.append({**event, "timestamp": datetime.now(UTC).isoformat()})
                self.come(visit, self.random.uniform(*PAUSE))

    def come(self, visit: Step, seconds: float = 0.0) -> None:
        """`visit` does its next thing in so many seconds."""
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.turn), visit))

    def send(self) -> None:
        """Delivers what has been done; keeps it for later when nobody answers."""
        self.waiting = self.waiting[-KEPT:]
        while self.waiting:
            part = self.waiting[:50]
            try:
                self._post(part)
            except (OSError, LookupError, DatabaseError) as error:  # URLError is an OSError
                self._note(type(error).__name__)
                return
            self.waiting = self.waiting[len(part) :]
            self.last_failure = ""

    def visit(self, who: Person | None = None, cart: Cart | None = None) -> Visit:
        number = next(NEWCOMERS)
        place = who.place if who else self.random.choice(PLACES)
        browser = who.browser if who else f"passer-by-{number}"
        return Visit(self.random, datetime.now(UTC), browser, place, who, cart, number=f"live-{number}")

    def _welcome(self) -> None:
        candidates = [self._somebody() for _ in range(4)]
        [who] = self.random.choices(candidates, [_liveliness(one) for one in candidates])
        self.come(self._browse(who))

    def _somebody(self) -> Person | None:
        dice = self.random.random()
        if dice < 0.25:
            return None
        return self.random.choice(self.known) if dice < 0.85 else person(next(NEWCOMERS), self.random)

    def _browse(self, who: Person | None) -> Step:
        """A whole visit, event by event."""
        visit = self.visit(who)
        mood = self.random.random()
        if who and mood < 0.6:
            yield from visit.introduce()
        yield from visit.look_around(self.random.randint(1, 4))
        if who is None or mood > 0.45:
            return
        yield from visit.fill_cart(self.random.choices((1, 2, 3), (5, 3, 1))[0])
        yield from visit.look_into_cart()
        if mood < 0.22:
            yield from visit.start_checkout()
            yield from visit.order(self._order_id())
        elif visit.cart:
            self.carts[visit.cart.id] = (who, visit.cart)
            if len(self.carts) > CARTS:
                del self.carts[next(iter(self.carts))]

    def _come_back(self, mail: inboxes.Reminder) -> Step:
        """Follows the link in a mail, looks into the cart again, and orders more often than not."""
        who, cart = self.carts.pop(mail.cart_id)
        try:
            reference = inboxes.follow(mail.link, self.url)
        except OSError as error:
            self._note(type(error).__name__)
            return
        visit = self.visit(who, cart)
        steps = [visit.look_into_cart()]
        if self.random.random() < 0.6:
            steps += [visit.start_checkout(), visit.order(self._order_id())]
        for event in itertools.chain(*steps):
            event["context"] = {**event["context"], "message": reference}
            yield event

    def _read_mail(self) -> None:
        """About half of those who got a mail about their cart click in it, a little later."""
        try:
            for mail in self.mailbox.news():
                if mail.cart_id in self.carts and self.random.random() < 0.5:
                    self.come(self._come_back(mail), self.random.uniform(*READS_AFTER))
        except Exception as error:  # the database may be on its way up again
            self._note(type(error).__name__)

    def _order_id(self) -> str:
        return f"L{next(self.orders)}"

    def _post(self, events: list[Sent]) -> None:
        source = storefront_source()
        if source is None:
            raise LookupError("the sample shop is not open")
        key = base64.b64encode(f"{source.write_key}:".encode()).decode()
        body = json.dumps({"batch": events, "sentAt": datetime.now(UTC).isoformat()}).encode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/batch", body, headers)  # noqa: S310 - our own server
        urllib.request.urlopen(request, timeout=TIMEOUT).close()  # noqa: S310

    def _note(self, failure: str) -> None:
        """Says once what is wrong, not every second."""
        if failure != self.last_failure:
            log.info("shoppers: the shop does not answer (%s); they come back when it does", failure)
        self.last_failure = failure


def _liveliness(who: Person | None) -> int:
    """How likely somebody is up and shopping at this hour of their own day."""
    zone = who.place.zone if who else "Africa/Kigali"
    return BY_HOUR[datetime.now(ZoneInfo(zone)).hour]
