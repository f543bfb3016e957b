"""Deciding who is who in a batch, in memory: from what is known and what the events say. No database here.

Customers that do not exist yet have negative numbers; `find` follows those that became others.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from karibu.customers.evidence import Evidence, Key
from karibu.customers.known import Known
from karibu.customers.links import LinkHistory
from karibu.customers.merging import Pair
from karibu.events.event import Event


class Place(NamedTuple):
    """Where an event belongs: the customer, and the browser's own nameless customer if it came before any sign-in."""

    customer_id: int
    own: int = 0


class Attached(NamedTuple):
    """A new identifier of a customer and the event that showed it."""

    customer_id: int
    event: Event


@dataclass
class Plan:
    """What is to be written so that every event has its customer."""

    known: Known
    fresh: dict[int, Event] = field(default_factory=dict)  # new customers, with the event that brought them
    nameless: set[int] = field(default_factory=set)  # those of `fresh` of whom only a browser is known
    attached: dict[Key, Attached] = field(default_factory=dict)
    merges: list[Pair] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)  # nameless customers that turn out to be another person's
    changed: set[str] = field(default_factory=set)  # browsers whose history changed
    owns: dict[str, int] = field(default_factory=dict)  # browsers that got a nameless customer now
    suggestions: dict[tuple[int, int, str], Event] = field(default_factory=dict)
    _parents: dict[int, int] = field(default_factory=dict)
    _joined: bool = False  # whether somebody became somebody else in this batch
    _firsts: dict[str, int] = field(default_factory=dict)  # who came first before this batch

    def __post_init__(self) -> None:
        self._parents = dict(self.known.merged)
        self._firsts = {name: history.first for name, history in self.known.histories.items()}

    def find(self, customer_id: int) -> int:
        """Whom this customer is part of by now."""
        parents = self._parents
        while customer_id in parents:
            customer_id = parents[customer_id]
        return customer_id

    def place(self, event: Event, evidence: Evidence) -> Place:
        """Whose event this is; customer 0 when it names nobody. Call in the order in which events take effect."""
        if evidence.keys:
            person = self._person(event, evidence.keys)
            if evidence.browser:
                self._sign_in(evidence.browser, person, event)
            if evidence.previous and ("external", evidence.previous) not in evidence.keys:
                person = self._alias(evidence.previous, person, event)
            return Place(person)
        return self._visitor(evidence.browser, event) if evidence.browser else Place(0)

    def close(self) -> None:
        """When all events are placed: each browser's time before the first sign-in goes to who came first."""
        for name in sorted(self.changed | self.owns.keys()):
            own, first = self._own(name), self.find(self._history(name).first)
            if own and first and own != first:
                self._claim(name, own, first)

    def _person(self, event: Event, keys: list[Key]) -> int:
        owned = [(key, self.find(self.known.owners[key])) for key in keys if key in self.known.owners]
        person = self._choose(keys, owned) or self._new(event)
        for key in keys:
            if key not in self.known.owners:
                self._attach(key, person, event)
        for key, owner in owned:
            person = self._join(person, owner, key[0], event)
        return person

    def _choose(self, keys: list[Key], owned: list[tuple[Key, int]]) -> int:
        """The external id decides; one that is new may join somebody who has none."""
        if not owned:
            return 0
        if keys[0][0] != "external" or owned[0][0] == keys[0]:
            return owned[0][1]
        return next((owner for _, owner in owned if owner not in self.known.named), 0)

    def _attach(self, key: Key, person: int, event: Event) -> None:
        self.attached[key] = Attached(person, event)
        if key[0] == "anonymous":
            self.known.browsers[key[1]] = 0
            return
        self.known.owners[key] = person
        if key[0] == "external":
            self.known.named.add(self.find(person))

    def _new(self, event: Event, *, nameless: bool = False) -> int:
        number = -len(self.fresh) - 1
        self.fresh[number] = event
        if nameless:
            self.nameless.add(number)
        return number

    def _join(self, one: int, other: int, kind: str, event: Event, *, stated: bool = False) -> int:
        """Makes both one person and returns who that is; two who both have an external id only on a statement."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return one
        named = self.known.named
        if one in named and other in named and not stated:
            self.suggestions.setdefault((one, other, kind), event)
            return one
        # Who exists stays, then who has an external id, then the elder.
        winner, loser = sorted((one, other), key=lambda who: (who < 0, who not in named, abs(who)))
        self._parents[loser] = winner
        self._joined = True
        if loser in named:
            named.add(winner)
        if loser > 0:
            self.merges.append(Pair(winner, loser, f"the same {kind}" if not stated else "alias"))
        return winner

    def _alias(self, previous: str, person: int, event: Event) -> int:
        """The shop states that two ids are one person; either may not have been seen yet."""
        key = ("external", previous)
        if key in self.known.owners:
            person = self._join(person, self.known.owners[key], "external", event, stated=True)
        elif previous not in self.known.browsers:
            self._attach(key, person, event)
        self._sign_in(previous, person, event)
        return person

    def _sign_in(self, browser: str, person: int, event: Event) -> None:
        history = self._history(browser)
        if self._joined:
            history.rename(self.find)
        if history.confirm(self.find(person), event.time):
            self.changed.add(browser)
        if browser not in self.known.browsers:
            self._attach(("anonymous", browser), person, event)

    def _visitor(self, browser: str, event: Event) -> Place:
        if owner := self._history(browser).owner_at(event.time):
            return Place(owner)
        own = self._own(browser)
        if not own:
            own = self.owns[browser] = self._new(event, nameless=True)
            if browser not in self.known.browsers:
                self._attach(("anonymous", browser), own, event)
        return Place(own, own)

    def _history(self, browser: str) -> LinkHistory:
        return self.known.histories.get(browser) or self.known.histories.setdefault(browser, LinkHistory())

    def _own(self, browser: str) -> int:
        return self.owns.get(browser) or self.known.browsers.get(browser, 0)

    def _claim(self, browser: str, own: int, first: int) -> None:
        before = self.find(self._firsts.get(browser, 0))
        holder = self.find(own)
        if own in self.fresh or (not before and holder == own):
            self.merges.append(Pair(first, own, "first to sign in on this browser"))
        elif before and before != first and holder == before:
            self.moved.append(Pair(first, own, "first to sign in on this browser"))
        else:
            return  # a colleague decided otherwise
        self._parents[own] = first
