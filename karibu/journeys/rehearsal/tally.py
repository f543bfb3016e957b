"""What a rehearsal came to, in numbers: chunk after chunk is added, and every sum so far is true of those told so far.

`result()` is what is kept (Rehearsal.result):

    people, entered         who would have entered, and how often
    days                    [[day, entered, messages], …] by the shop's calendar
    ended                   {status: number}, of all who entered; `left` {what they did: number}
    steps                   {position: {"passed", "standing", "left", "failed", "ways": {way: number}}}
    messages                would have left; `written` to so many people, `channels`, `held` and `refused` by reason
    each                    {messages: people}; `most` to one person on one day, `crowded` days with more than one
    countries               {channel: {country: number}} where a provider asks for money
    others                  {journey: people who were in it meanwhile}
    near                    {sender: our messages within a day of one that it really sent}
    coupons                 given
    one_in                  one person of so many was told; the numbers are multiplied by that
    blind                   what cannot be known of the past, as words of a closed set (said.py)
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from karibu.journeys.definition import Definition
from karibu.journeys.leaving import REACHED
from karibu.journeys.rehearsal.asked import Asked
from karibu.journeys.steps.base import NOT_REHEARSED
from karibu.messages import gate
from karibu.messages.gate import Fate, Real

NEAR = timedelta(days=1)
LOOKED_BACK = timedelta(days=31)  # before the period: what caps of today still count
FREE = frozenset(["email", "push", "webhook", "telegram"])
COUPON = "coupon"  # the kind of the step that gives one


@dataclass
class Tally:
    journey_id: int
    definition: Definition
    since: datetime
    until: datetime
    zone: ZoneInfo
    numbers: Counter[str] = field(default_factory=Counter)
    days: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    steps: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    ways: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    countries: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    most: int = 0

    def add(self, asked: Asked) -> dict[int, int]:
        """What stands in the tables of the chunk, and the messages it meant; returns {enrollment: messages}."""
        self._entered()
        self._ended()
        self._passed()
        self._others()
        return self._messages(asked)

    def result(self, one_in: int = 1) -> dict[str, Any]:
        """Where one party in so many was told, each number stands for so many."""

        def times(counted: Mapping[str, int]) -> dict[str, int]:
            return {name: n * one_in for name, n in Counter(counted).most_common()}

        names = ("people", "entered", "messages", "written", "crowded", "coupons")
        return {
            **{name: self.numbers[name] * one_in for name in names},
            "days": [[day, *(n * one_in for n in numbers)] for day, numbers in sorted(self.days.items())],
            "steps": {str(n): {**times(step), "ways": times(self.ways[n])} for n, step in sorted(self.steps.items())},
            **{name: times(self.counts[name]) for name in COUNTED},
            "countries": {channel: times(n) for channel, n in self.countries.items()},
            "most": self.most,
        }

    def _entered(self) -> None:
        rows = _rows(
            "SELECT (entered_at AT TIME ZONE %s)::date::text, count(*) FROM journeys_enrollment GROUP BY 1",
            [self.zone.key],
        )
        for day, n in rows:
            self.days[day][0] += n
            self.numbers["entered"] += n
        self.numbers["people"] += _rows("SELECT count(DISTINCT customer_id) FROM journeys_enrollment")[0][0]

    def _ended(self) -> None:
        """Where they are in the end. Reasons name orders: only what was done counts here."""
        goal = [f"{REACHED}: {name}" for name in (self.definition.goal.names if self.definition.goal else ())]
        exits = {name for exit_ in self.definition.exits for name in exit_.names}
        names = sorted([*goal, *exits], key=len, reverse=True)
        rows = _rows(
            "SELECT step, status, coalesce((SELECT name FROM unnest(%s::text[]) AS name "
            "WHERE starts_with(reason, name) LIMIT 1), reason), count(*) FROM journeys_enrollment GROUP BY 1, 2, 3",
            [names],
        )
        for step, status, reason, n in rows:
            self.counts["ended"][status] += n
            if status in STOOD:
                self.steps[step][STOOD[status]] += n
            if status in ("left", "failed"):
                self.counts[status][reason] += n

    def _passed(self) -> None:
        for step, kind, outcome, n in _rows(
            "SELECT step, kind, left(outcome, 80), count(*) FROM journeys_passage WHERE step >= 0 GROUP BY 1, 2, 3"
        ):
            self.steps[step]["passed"] += n
            self.ways[step][outcome] += n
            if kind == COUPON:
                self.numbers["coupons"] += n
            if outcome == NOT_REHEARSED:
                self.counts["unfollowed"][kind] += n

    def _others(self) -> None:
        """Who was in another journey meanwhile: in the real table, which the temporary one hides."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            real = f"{connection.ops.quote_name(cursor.fetchone()[0])}.journeys_enrollment"
        for journey, n in _rows(
            f"SELECT o.journey_id, count(DISTINCT e.customer_id) FROM journeys_enrollment e JOIN {real} o "  # noqa: S608
            "ON o.customer_id = e.customer_id AND o.journey_id <> e.journey_id "
            "AND o.entered_at <= coalesce(e.ended_at, %s) AND coalesce(o.ended_at, 'infinity') >= e.entered_at "
            "GROUP BY 1",
            [self.until],
        ):
            self.counts["others"][str(journey)] += n

    # --- messages -----------------------------------------------------------------------------------------------------

    def _messages(self, asked: Asked) -> dict[int, int]:
        self.counts["refused"].update(asked.refused)
        really = self._really({case.message.customer_id for case in asked.intended})
        sent = [fate for fate in gate.paced(asked.intended, really) if self._decided(fate)]
        self._per_person(sent)
        self._near(sent, really)
        return Counter(fate.case.message.enrollment_id or 0 for fate in sent)

    def _decided(self, fate: Fate) -> bool:
        """Whether it would have left."""
        message = fate.case.message
        self.counts["held"].update(str(reason) for reason in fate.held)
        if fate.verdict is not None:
            self.counts["refused"][str(fate.verdict.reason)] += 1
            return False
        self.numbers["messages"] += 1
        self.days[fate.at.astimezone(self.zone).date().isoformat()][1] += 1
        self.counts["channels"][message.channel] += 1
        if message.channel not in FREE:
            country = fate.case.customer.country if fate.case.customer else ""
            self.countries[message.channel][country] += 1
        return True

    def _per_person(self, sent: list[Fate]) -> None:
        people = Counter(fate.case.message.customer_id for fate in sent)
        days = Counter((fate.case.message.customer_id, fate.at.astimezone(self.zone).date()) for fate in sent)
        self.numbers["written"] += len(people)
        self.counts["each"].update(str(n) for n in people.values())
        self.numbers["crowded"] += sum(n > 1 for n in days.values())
        self.most = max(self.most, *days.values(), 0)

    def _near(self, sent: list[Fate], really: list[Real]) -> None:
        theirs: dict[int, list[Real]] = defaultdict(list)
        for real in really:
            theirs[real.customer_id].append(real)
        for fate in sent:
            there = theirs.get(fate.case.message.customer_id, ())
            self.counts["near"].update({real.sender for real in there if abs(real.at - fate.at) <= NEAR})

    def _really(self, customers: set[int]) -> list[Real]:
        """Marketing that had really left, but for this journey's own: a rehearsal begins as if it had never been."""
        rows = _rows(
            "SELECT customer_id, channel, sent_at, sender FROM messages_message WHERE customer_id = ANY(%s) "
            "AND is_marketing AND sent_at >= %s AND sent_at < %s AND sender <> %s",
            [sorted(customers), self.since - LOOKED_BACK, self.until, f"journey:{self.journey_id}"],
        )
        return [Real(*row) for row in rows]


COUNTED = ("ended", "left", "failed", "channels", "held", "refused", "each", "others", "near", "unfollowed")
STOOD = {"active": "standing", "left": "left", "failed": "failed"}


def _rows(sql: str, parameters: list[Any] | None = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
