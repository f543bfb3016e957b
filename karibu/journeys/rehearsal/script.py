"""Stories of a journey in a file, for whoever wants to be sure of it: what people do, how time goes by, what is
expected then.

    journey Abandoned cart

    story A cart left alone is reminded of once
      amina does Product Added with cart_id=c-1
      wait 59 minutes
      expect 0 messages to amina
      wait 1 minute
      expect 1 message to amina
      expect amina finished

They are told by the journey's own engine in the tables of a rehearsal (apart.py), on a clock that moves only when a
line says so: any installation will do, a live one too, and nothing is sent or changed. docs/journeys.md has every line.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.events.batch import Batch
from karibu.events.event import Event, as_json
from karibu.journeys.definition import Definition, parse
from karibu.journeys.events import PROMOTED
from karibu.journeys.models import Enrollment, Rehearsal
from karibu.journeys.react import react
from karibu.journeys.rehearsal.apart import apart, empty, unwritable
from karibu.journeys.rehearsal.rounds import Rounds
from karibu.journeys.rehearsal.turns import Turns
from karibu.journeys.steps.base import Traveller
from karibu.messages.intents import Intent

FIRST = 1 << 60  # the numbers of a story's people, far from anybody's
INSTANT = timedelta(microseconds=1)
STATUSES = {"inside": "active", "finished": "finished", "left": "left", "failed": "failed"}
UNITS = ("seconds", "minutes", "hours", "days", "weeks")


class Misread(Exception):
    """A line that says nothing known; the message is for whoever wrote it."""


@dataclass(frozen=True)
class Line:
    number: int
    text: str


@dataclass(frozen=True)
class Story:
    title: str
    lines: list[Line]


@dataclass(frozen=True)
class Failure:
    """An expectation that did not come true."""

    line: Line
    found: str


def read(text: str) -> tuple[str, list[Story]]:
    """The journey that is meant (as written: a name or a number), and the stories. Raises Misread."""
    journey, stories = "", list[Story]()
    for number, written in enumerate(text.splitlines(), 1):
        line = Line(number, written.partition("#")[0].strip())
        word, _, rest = line.text.partition(" ")
        if not line.text:
            continue
        if word == "journey" and not stories:
            journey = rest.strip()
        elif word == "story":
            stories.append(Story(rest.strip(), []))
        elif not stories:
            raise Misread(f"line {number}: begin with “journey NAME” and “story TITLE”")
        else:
            _verb(line)
            stories[-1].lines.append(line)
    if not journey or not stories:
        raise Misread("name a journey (“journey NAME”) and tell at least one story (“story TITLE”)")
    return journey, stories


def tell(story: Story, journey_id: int, definition: Mapping[str, Any]) -> list[Failure]:
    """What did not come true. On a connection that nobody else uses meanwhile; nothing is left behind."""
    now = datetime.now(UTC).replace(microsecond=0)
    definition = {**definition, "holdout": 0}  # nobody of a story is held out by chance
    row = Rehearsal(pk=_number(), journey_id=journey_id, definition=definition, since=now, until=now)
    with apart(row):
        telling = _Telling(journey_id, parse(definition), now)
        for line in story.lines:
            verb, match = _verb(line)
            verb(telling, line, match)
        empty()
    return telling.failures


def _number() -> int:
    """Of the version, so that what a process keeps of versions is never mistaken (apart.py)."""
    global _stories
    _stories += 1
    return 2_000_000_000 + _stories


_stories = 0


@dataclass
class _Telling:
    """Also what steps ask of the past: everybody may be written to, and meets what the story says they meet."""

    journey_id: int
    definition: Definition
    now: datetime
    people: dict[str, int] = field(default_factory=dict)
    messages: list[Intent] = field(default_factory=list)
    met: set[tuple[int, str]] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    queue: Turns = field(default_factory=Turns)

    def meets(self, condition: Mapping[str, Any], travellers: Sequence[Traveller]) -> Sequence[bool]:
        return [(one.customer_id, _written(condition)) in self.met for one in travellers]

    def lets_pass(self, intents: Sequence[Intent]) -> Sequence[bool]:
        self.messages += intents
        return [True] * len(intents)

    def turns(self, step: int, apart: timedelta, come: Sequence[tuple[Traveller, datetime]]) -> Sequence[datetime]:
        return self.queue.give(step, apart, come)

    def person(self, name: str) -> int:
        return self.people.setdefault(name, FIRST + len(self.people))

    def go_on(self, until: datetime) -> None:
        rounds = Rounds(self.journey_id, self.definition, self.now, until, self)
        with unwritable():
            rounds.advance(dict.fromkeys(self.people.values(), until))

    # --- the lines ----------------------------------------------------------------------------------------------------

    def does(self, line: Line, match: re.Match[str]) -> None:
        carries = dict(_pairs(line, match["with"] or ""))
        promoted = {name: value for name, value in carries.items() if name in PROMOTED}
        rest = {name: value for name, value in carries.items() if name not in PROMOTED}
        event = Event(
            message_id=f"story-{line.number}", type="track", name=match["event"], time=self.now, received_at=self.now,
            source_id=0, customer_id=self.person(match["who"]), properties_json=as_json(rest), **promoted,
        )  # fmt: skip
        with unwritable():
            react(Batch(events=[event], now=self.now, cursor=with_bulk_arrays(cursor()), is_past=True))
        self.go_on(self.now + INSTANT)

    def waits(self, line: Line, match: re.Match[str]) -> None:
        for n, unit in re.findall(r"(\d+) (\w+)", match["time"]):
            self.now += timedelta(**{unit if unit.endswith("s") else f"{unit}s": int(n)})
        self.go_on(self.now + INSTANT)

    def meets_step(self, line: Line, match: re.Match[str]) -> None:
        position = int(match["step"]) - 1
        steps = self.definition.steps
        condition = getattr(steps[position], "condition", None) if position < len(steps) else None
        if not isinstance(condition, dict):
            raise Misread(f"line {line.number}: step {match['step']} asks no condition")
        self.met.add((self.person(match["who"]), _written(condition)))

    def expects_messages(self, line: Line, match: re.Match[str]) -> None:
        who, template = self.person(match["who"]), match["template"]
        sent = [one.template_key for one in self.messages if one.customer_id == who]
        count = sum(template in (None, key) for key in sent)
        if count != (0 if match["n"] == "no" else int(match["n"])):
            self.failures.append(Failure(line, f"{count} so far" + (f" ({', '.join(sent)})" if sent else "")))

    def expects_status(self, line: Line, match: re.Match[str]) -> None:
        rows = Enrollment.objects.filter(customer_id=self.person(match["who"])).order_by("id")
        words = {status: word for word, status in STATUSES.items()}
        stood = [(words[one.status], one.step + 1, one.reason) for one in rows]
        wanted, step = match["status"], match["step"]
        fits = [one for one in stood if one[0] == wanted and (step is None or one[1] == int(step))]
        if bool(fits) if wanted != "outside" else not any(word == "inside" for word, _step, _why in stood):
            return
        said = [f"{word} at step {number}" + (f" ({why})" if why else "") for word, number, why in stood]
        self.failures.append(Failure(line, ", ".join(said) or "was never in it"))


Verb = Callable[[_Telling, Line, "re.Match[str]"], None]
_UNIT = "|".join(f"{unit[:-1]}s?" for unit in UNITS)
_VERBS: list[tuple[re.Pattern[str], Verb]] = [
    (re.compile(r"(?P<who>\w+) does (?P<event>.+?)(?: with (?P<with>\S+=.*))?"), _Telling.does),
    (re.compile(rf"wait (?P<time>\d+ (?:{_UNIT})(?: \d+ (?:{_UNIT}))*)"), _Telling.waits),
    (re.compile(r"(?P<who>\w+) meets step (?P<step>\d+)"), _Telling.meets_step),
    (
        re.compile(r"expect (?P<n>\d+|no) messages? to (?P<who>\w+)(?: of (?P<template>\S+))?"),
        _Telling.expects_messages,
    ),
    (
        re.compile(rf"expect (?P<who>\w+) (?P<status>outside|{'|'.join(STATUSES)})(?: at step (?P<step>\d+))?"),
        _Telling.expects_status,
    ),
]


def _verb(line: Line) -> tuple[Verb, "re.Match[str]"]:
    for pattern, verb in _VERBS:
        if match := pattern.fullmatch(line.text):
            return verb, match
    raise Misread(f"line {line.number}: “{line.text}” says nothing known; see docs/journeys.md for what a line may say")


def _pairs(line: Line, text: str) -> Iterator[tuple[str, Any]]:
    """`cart_id=c-1 name="Canvas shoes" value=54.90`: a value is JSON where it is JSON, else text."""
    for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', text):
        yield name, value if name in PROMOTED and name != "quantity" else _value(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _written(condition: Mapping[str, Any]) -> str:
    return json.dumps(condition, sort_keys=True)
