"""A year of the sample shop, made up with a fixed seed, and the truth about it: what every page must then show.

`write(now)` makes the same year for the same seed, moved so that it ends at `now`. People come more often before
Christmas, on weekends and in the evening of their own clock, and more of them as the year goes on.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from karibu.demo import campaigns
from karibu.demo.campaigns import Mailing
from karibu.demo.catalogue import CURRENCY
from karibu.demo.people import PLACES, Person, people
from karibu.demo.sessions import Sent, Visit

SEED = 20_241
PEOPLE = 3000
DAYS = 365
VISITS = 10.0  # of one person in the year, on average
STRANGERS = 0.7  # visits of people who never say who they are, for each person
REMINDED_DAYS = 150  # for how long the abandoned-cart journey has been reminding people
QUIET = timedelta(hours=1)  # how long a cart was left before its reminder

BY_MONTH = (0.85, 0.8, 0.9, 0.95, 1.0, 0.95, 0.9, 0.9, 1.0, 1.05, 1.45, 1.75)
BY_WEEKDAY = (0.9, 0.9, 0.95, 1.0, 1.15, 1.25, 1.1)
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 6, 7, 8, 9, 10, 12, 11, 9, 8, 8, 9, 11, 14, 16, 15, 10, 5)


@dataclass(frozen=True)
class Reminder:
    """A mail about a left cart, as it went a while ago."""

    person: str
    address: str
    cart: str
    left_at: datetime
    sent_at: datetime
    opened_at: datetime | None
    clicked_at: datetime | None


@dataclass
class Truth:
    """What the shop's pages must say once this history has been taken in."""

    customers: int = 0
    events: int = 0
    orders: int = 0  # without the cancelled ones
    cancelled: int = 0
    refunds: int = 0
    revenue: Decimal = Decimal(0)  # net
    open_carts: int = 0
    messages: int = 0
    clicks: int = 0
    recovered_orders: int = 0
    recovered_revenue: Decimal = Decimal(0)  # net
    campaign_revenue: Decimal = Decimal(0)  # what the campaign with a holdout brought that would not have come

    def written(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass
class Placed:
    """An order of the history, as it stands in the end."""

    person: str
    at: datetime
    net: Decimal
    is_cancelled: bool = False


@dataclass
class History:
    introductions: list[Sent] = field(default_factory=list)  # who everybody is; taken in first
    events: list[Sent] = field(default_factory=list)  # in order of time
    reminders: list[Reminder] = field(default_factory=list)
    mailings: list[Mailing] = field(default_factory=list)
    truth: Truth = field(default_factory=Truth)


def write(now: datetime, *, seed: int = SEED, count: int = PEOPLE) -> History:
    """The year that ends at `now`, of `count` people."""
    return Writer(now, Random(seed)).write(count)  # noqa: S311 - made-up shoppers, no secrets


class Writer:
    def __init__(self, now: datetime, random: Random) -> None:
        self.now, self.random = now.astimezone(UTC), random
        self.first = self.now - timedelta(days=DAYS - 1)
        self.history = History()
        self.days = [self.first + timedelta(days=number) for number in range(DAYS)]
        self.weights = [_weight(day, number) for number, day in enumerate(self.days)]
        self.visits = self.orders = 0
        self.placed: list[Placed] = []
        self.joined: dict[str, datetime] = {}  # when each person first came

    def write(self, count: int) -> History:
        folks = list(people(count, self.random))
        for person in folks:
            self._live(person)
        for number in range(int(count * STRANGERS)):
            self._pass_by(f"passer-by-{number:05}")
        history, truth = self.history, self.history.truth
        # A chance of their own, so that everything else is as it was without them.
        history.mailings = campaigns.write(self, folks, Random(count))  # noqa: S311 - made-up shoppers, no secrets
        history.events = [event for event in history.events if event["timestamp"] < self.now.isoformat()]
        history.events.sort(key=lambda event: str(event["timestamp"]))
        history.reminders.sort(key=lambda reminder: reminder.sent_at)
        truth.customers = count
        truth.events = len(history.events) + len(history.introductions)
        self._settle(truth)
        return history

    def _settle(self, truth: Truth) -> None:
        """Orders and what came of the reminders, reckoned here on purpose without the code that pages use."""
        mailed = [one for one in self.history.mailings if not one.is_held]
        sent: list[Reminder | Mailing] = [*self.history.reminders, *mailed]
        clicks = [(one.person, one.clicked_at) for one in sent if one.clicked_at]
        truth.messages, truth.clicks = len(sent), len(clicks)
        clicked: dict[str, list[datetime]] = {}
        for person, at in clicks:
            clicked.setdefault(person, []).append(at)
        for order in self.placed:
            if order.is_cancelled:
                truth.cancelled += 1
                continue
            truth.orders += 1
            truth.revenue += order.net
            if any(timedelta(0) <= order.at - at <= timedelta(days=5) for at in clicked.get(order.person, [])):
                truth.recovered_orders += 1
                truth.recovered_revenue += order.net

    def _live(self, person: Person) -> None:
        """One person's year: from the day they found the shop as many visits as they like it; first, who they are."""
        loyalty = self.random.paretovariate(1.6) / 2.6
        days = max(1, min(90, round(VISITS * loyalty)))
        joined = self.first + timedelta(days=DAYS * 0.97 * max(0, self.random.uniform(-0.7, 1)))
        starts = [start for _ in range(days) if (start := self._moment(person.place.zone)) >= joined]
        starts = sorted(starts) or [max(joined, self._moment(person.place.zone))]
        self.joined[person.key] = starts[0]
        first = self._visit(starts[0], person.browser, person)
        self.history.introductions += first.introduce()
        for start in starts:
            self._shop(person, self._visit(start + timedelta(minutes=1), person.browser, person))

    def _pass_by(self, browser: str) -> None:
        place = self.random.choice(PLACES)
        visit = self._visit(self._moment(place.zone), browser, None)
        visit.place = place
        self.history.events += visit.look_around(self.random.randint(1, 3))

    def _shop(self, person: Person, visit: Visit) -> None:
        mood = self.random.random()
        self.history.events += visit.look_around(self.random.randint(1, 4))
        if mood > 0.62:
            return
        self.history.events += visit.fill_cart(self.random.choices((1, 2, 3, 4), (50, 30, 14, 6))[0])
        self.history.events += visit.look_into_cart()
        # What would end after now has not happened: such a visit stops with a filled cart.
        if mood < 0.42 and visit.at < self.now - timedelta(minutes=10):
            self.history.events += visit.start_checkout()
            self._order(visit)
        else:
            clicked_at = self._remind(person, visit)
            if clicked_at and self.random.random() < 0.55:
                visit.at = clicked_at + timedelta(minutes=1)
                self.history.events += [*visit.look_into_cart(), *visit.start_checkout()]
                self._order(visit)
            else:
                self.history.truth.open_carts += 1

    def _remind(self, person: Person, visit: Visit) -> datetime | None:
        """The mail about the cart that was left, if one went; when it was clicked, if it was."""
        sent_at = visit.at + QUIET
        since, until = self.now - timedelta(days=REMINDED_DAYS), self.now - timedelta(minutes=30)
        if not person.agrees or not since < sent_at < until:
            return None
        assert visit.cart
        read_at = sent_at + timedelta(minutes=self.random.uniform(3, 600))
        opened_at = read_at if read_at < until and self.random.random() < 0.52 else None
        clicks = opened_at is not None and self.random.random() < 0.46
        clicked_at = opened_at + timedelta(seconds=self.random.uniform(4, 40)) if opened_at and clicks else None
        self.history.reminders.append(
            Reminder(person.key, person.email, visit.cart.id, visit.at, sent_at, opened_at, clicked_at)
        )
        return clicked_at

    def buy(self, visit: Visit, pieces: int) -> None:
        """An order that came of a campaign: kept, so that what it brought is known."""
        for doing in (visit.look_around(1), visit.fill_cart(pieces), visit.look_into_cart(), visit.start_checkout()):
            self.history.events += doing
        assert visit.cart and visit.person
        self.orders += 1
        self.placed.append(Placed(visit.person.key, visit.at, visit.cart.total))
        self.history.truth.campaign_revenue += visit.cart.total
        self.history.events += visit.order(f"D{10_000 + self.orders}")

    def _order(self, visit: Visit) -> None:
        assert visit.cart and visit.person
        self.orders += 1
        order_id = f"D{10_000 + self.orders}"
        placed = Placed(visit.person.key, visit.at, visit.cart.total)
        self.placed.append(placed)
        self.history.events += visit.order(order_id)
        later = visit.at + timedelta(days=self.random.uniform(1, 9))
        fate = self.random.random()
        if fate < 0.05 and later < self.now:
            visit.at = later
            self._regret(visit, placed, order_id, fate)

    def _regret(self, visit: Visit, placed: Placed, order_id: str, fate: float) -> None:
        """An order is cancelled, half of it is paid back, or all of it."""
        if fate < 0.012:
            placed.is_cancelled = True
            self.history.events.append(visit.track("Order Cancelled", {"order_id": order_id}))
            return
        back = (placed.net / 2).quantize(Decimal("0.01")) if fate < 0.03 else placed.net
        placed.net -= back
        self.history.truth.refunds += 1
        refund = {"order_id": order_id, "total": float(back), "currency": CURRENCY}
        self.history.events.append(visit.track("Order Refunded", refund))

    def _visit(self, at: datetime, browser: str, person: Person | None) -> Visit:
        self.visits += 1
        place = person.place if person else PLACES[0]
        return Visit(self.random, at, browser, place, person, number=f"history-{self.visits}")

    def _moment(self, zone: str) -> datetime:
        """A moment of the year at which somebody in `zone` goes shopping; never in the last half hour before now."""
        while (moment := self._any_moment(zone)) > self.now - timedelta(minutes=25):
            pass
        return moment

    def _any_moment(self, zone: str) -> datetime:
        [day] = self.random.choices(self.days, self.weights)
        local = day.astimezone(ZoneInfo(zone))
        [hour] = self.random.choices(range(24), BY_HOUR)
        moment = local.replace(hour=hour, minute=self.random.randrange(60), second=self.random.randrange(60))
        return moment.astimezone(UTC)


def _weight(day: datetime, number: int) -> float:
    """How busy a day is: season, weekday and the shop's growth over the year."""
    return BY_MONTH[day.month - 1] * BY_WEEKDAY[day.weekday()] * (0.6 + 0.8 * number / DAYS)


def in_chunks(events: list[Sent], size: int) -> Iterable[list[Sent]]:
    return (events[start : start + size] for start in range(0, len(events), size))
