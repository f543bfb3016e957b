"""What every kind of step is, and what it is handed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

import msgspec
from django.db import InternalError, transaction

from karibu.messages.intents import Intent

# In a run's context, until it has left the step:
HAPPENED = "_happened"  # what it waited for has happened (wait_for.py)
ANSWER = "_answer"  # what a colleague said (ask.py)
TURN = "_turn"  # they have a turn, and are due when it comes (rate.py)
CALLED = "_called"  # what came of the call that they wait for (webhook.py)
OF_A_STEP = frozenset((HAPPENED, ANSWER, TURN, CALLED))
NOT_REHEARSED = "not rehearsed"  # the outcome of a step that a rehearsal cannot follow


class Traveller(msgspec.Struct, frozen=True):
    """One enrollment that stands before a step and is due. (A frozen dataclass takes five times as long to make.)"""

    id: int
    customer_id: int
    key: str
    run: int
    arrived_at: datetime
    context: dict[str, Any]
    due_at: datetime | None = None  # in a rehearsal: their own now,
    until: datetime | None = None  # and up to when nothing else happens to them


class Past(Protocol):
    """What a rehearsal tells a step of the past that it is rehearsed on."""

    def meets(self, condition: Mapping[str, Any], travellers: Sequence[Traveller]) -> Sequence[bool]:
        """Who met the condition of a segment when they stood there."""

    def lets_pass(self, intents: Sequence[Intent]) -> Sequence[bool]:
        """Whether each of these messages would have left, sooner or later, but for a holdout; nothing is sent."""

    def turns(self, step: int, apart: timedelta, come: Sequence[tuple[Traveller, datetime]]) -> Sequence[datetime]:
        """When each passes a step that lets one person pass, and the next so much later."""


@dataclass(frozen=True)
class Group:
    """Everyone who goes through the same step of the same version of a journey in this transaction.

    With a `past` it is a rehearsal: each goes through at their own due time, and nothing may be done.
    """

    journey_id: int
    version: int
    step: int  # its position
    travellers: Sequence[Traveller]
    now: datetime
    branches: bool = False  # whether the definition gives this step ways
    past: Past | None = None

    def moment(self, traveller: Traveller) -> datetime:
        """When this one goes through."""
        return traveller.due_at or self.now if self.past else self.now


class Outcome(msgspec.Struct, frozen=True):
    """What came of it for one traveller. `words` stands in the journey's history."""

    words: str
    leaves: bool = False  # ends here, for the reason that `words` gives
    way: str = ""  # which of the step's ways; "": on
    again: datetime | None = None  # stays before this step and is taken again then
    context: Mapping[str, Any] | None = None  # what the run knows from now on, beside what it knew


class Step(msgspec.Struct, forbid_unknown_fields=True):
    KIND: ClassVar[str]
    ICON: ClassVar[str]

    def check(self, path: str) -> None:
        """Raises DefinitionError for settings that cannot run."""

    def sentence(self) -> str:
        raise NotImplementedError

    def ways(self) -> Sequence[str]:
        """The names of the ways that it may have; none for a step that only leads on."""
        return ()

    def way_names(self) -> Mapping[str, str]:
        """What each way is called on screens."""
        return {way: way for way in self.ways()}

    def must_branch(self) -> bool:
        """Whether it has its ways also where the definition says nothing of them."""
        return bool(self.ways())

    def due(self, arrived: datetime) -> datetime:
        """When whoever arrived at that moment goes through; at once unless the kind says otherwise."""
        return arrived

    def dues(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> Sequence[datetime]:
        """As `due`, where it depends on who somebody is: one moment for each, in order."""
        return [self.due(moment) for moment in arrived]

    def take(self, group: Group) -> Sequence[Outcome]:
        raise NotImplementedError

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """What take() would come to in the past that the group names, with nothing done.

        A kind that does more than to answer has one of its own. What it forgets, the database refuses: a rehearsal
        can write into its own tables only.
        """
        try:
            with transaction.atomic():
                return self.take(group)
        except InternalError:
            return [Outcome(NOT_REHEARSED)] * len(group.travellers)
