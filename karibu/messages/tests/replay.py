"""Plays the sequences of visits.txt over HTTP on a clock of its own, and says how each visit was judged."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import time_machine
from django.test import Client
from django.utils import timezone

from karibu.messages import machines, send, tokens, visits
from karibu.messages.machines import HIDDEN
from karibu.messages.models import Mail, Message, Visit
from karibu.messages.tests.cast import a_cart, a_person, the_shop, wants

_FULL = {"Accept-Language": "en-GB,en;q=0.8", "Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}
_LINK = re.compile(r'href="[^"]*/m/c/([\w-]{22})"')


@dataclass(frozen=True)
class Agent:
    name: str
    is_bare: bool
    text: str

    def headers(self) -> dict[str, str]:
        named = {"User-Agent": self.text} if self.text != "-" else {}
        return named if self.is_bare else {**_FULL, **named}


@dataclass(frozen=True)
class Request:
    at: float  # seconds after sending
    is_persons: bool
    agent: Agent
    what: str


@dataclass(frozen=True)
class Story:
    name: str
    source: str
    links: int
    requests: tuple[Request, ...]


@dataclass
class Judgement:
    """What came of one sequence: each visit's true and found nature."""

    story: Story
    right: int = 0
    missed: list[str] = field(default_factory=list)  # machines' visits taken for people's
    wronged: list[str] = field(default_factory=list)  # people's visits taken for machines'
    seen: list[tuple[str, bool, float]] = field(default_factory=list)  # evidence, a person's?, said how likely


@cache
def corpus() -> dict[str, list[Story]]:
    """{section: its sequences} of visits.txt."""
    agents: dict[str, Agent] = {}
    found: dict[str, list[Story]] = {}
    section = ""
    for line in (Path(__file__).parent / "visits.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" | ")]
            if section == "agents":
                agents[parts[0]] = Agent(parts[0], parts[1] == "bare", parts[2])
            else:
                asked = tuple(_request(word, agents) for word in parts[3].split())
                found.setdefault(section, []).append(Story(parts[0], parts[1], int(parts[2]), asked))
    return found


def _request(word: str, agents: dict[str, Agent]) -> Request:
    at, who, agent, what = word.split(":")
    return Request(float(at), who == "p", agents[agent], what)


def without_names(sequences: Sequence[Story]) -> list[Story]:
    """The same behaviour by programs that all say they are one ordinary browser."""
    plain = next(r.agent for s in sequences for r in s.requests if r.agent.name == "chrome-win")
    return [replace(s, requests=tuple(replace(r, agent=plain) for r in s.requests)) for s in sequences]


def replay(sequences: Sequence[Story]) -> list[Judgement]:
    """Sends each sequence a mail of its own, then asks for its links as written."""
    messages = _sent(sequences)
    start = timezone.now()
    Message.objects.update(sent_at=start)
    return [_play(one, message, start) for one, message in zip(sequences, messages, strict=True)]


def _sent(sequences: Sequence[Story]) -> list[Message]:
    the_shop()
    made = []
    for number, one in enumerate(sequences):
        person = a_person(f"p{number}")
        items = [{"name": f"P{n}", "price": 1, "url": f"https://duka.example/p/{n}"} for n in range(one.links - 1)]
        made.append(wants(person, cart=a_cart(person, f"c{number}", items=items)))
    while send.send_due():
        pass
    return made


def _play(one: Story, message: Message, start: datetime) -> Judgement:
    raw = bytes(Mail.objects.get(message_id=message.pk).raw).replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    links = list(dict.fromkeys(_LINK.findall(raw)))
    visible = [link for link in links if (mark := tokens.read(tokens.CLICK, link)) and mark.position != HIDDEN]
    assert len(visible) == len(links) - 1, "a mail has one hidden link"
    truth: dict[int, Request] = {}
    for request in sorted(_each(one.requests, len(visible)), key=lambda r: r.at):
        with time_machine.travel(start + timedelta(seconds=request.at), tick=False):
            visits.judge()
            known = set(Visit.objects.filter(message=message).values_list("pk", flat=True))
            _ask(request, message, links, visible)
            [new] = Visit.objects.filter(message=message).exclude(pk__in=known)
            truth[new.pk] = request
    with time_machine.travel(start + timedelta(seconds=request.at) + visits.PATIENCE, tick=False):
        visits.judge()
    return _judgement(one, truth)


def _each(requests: Sequence[Request], count: int) -> Iterator[Request]:
    """One request a link: `*/0.2` written out."""
    for request in requests:
        if "*" not in request.what:
            yield request
            continue
        kind, pause = request.what.split("*/")
        for n in range(count):
            yield replace(request, at=request.at + n * float(pause), what=f"{kind or 'c'}{n}")


def _ask(request: Request, message: Message, links: Sequence[str], visible: Sequence[str]) -> None:
    client, kind = Client(headers=request.agent.headers()), request.what[0]
    if kind == "o":
        client.get(f"/m/o/{tokens.sign(tokens.OPEN, message.pk)}.gif")
    elif kind == "t":
        client.get(f"/m/c/{next(link for link in links if link not in visible)}")
    else:
        path = f"/m/c/{visible[int(request.what[1:]) % len(visible)]}"
        ahead = {"Sec-Purpose": "prefetch;prerender"} if kind == "a" else {}
        client.head(path) if kind == "h" else client.get(path, headers=ahead)


def _judgement(one: Story, truth: dict[int, Request]) -> Judgement:
    found = Judgement(one)
    for visit in Visit.objects.filter(pk__in=truth).order_by("at"):
        request = truth[visit.pk]
        assert visit.judged_at and visit.human is not None
        found.seen.append((machines.evidence(visit), request.is_persons, visit.human))
        if visit.is_machine != request.is_persons:
            found.right += 1
        elif request.is_persons:
            found.wronged.append(f"{request.at:g} s {request.what} {request.agent.name}: {visit.why}")
        else:
            found.missed.append(f"{request.at:g} s {request.what} {request.agent.name}")
    return found
