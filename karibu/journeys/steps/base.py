"""What every kind of step is, and what it is handed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import msgspec

# In a run's context, until it has left the step:
HAPPENED = "_happened"  # what it waited for has happened (wait_for.py)
ANSWER = "_answer"  # what a colleague said (ask.py)
TURN = "_turn"  # they have a turn, and are due when it comes (rate.py)
CALLED = "_called"  # what came of the call that they wait for (webhook.py)
OF_A_STEP = (HAPPENED, ANSWER, TURN, CALLED)


@dataclass(frozen=True)
class Traveller:
    """One enrollment that stands before a step and is due."""

    id: int
    customer_id: int
    key: str
    run: int
    arrived_at: datetime
    context: dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Everyone who goes through the same step of the same version of a journey in this transaction."""

    journey_id: int
    version: int
    step: int  # its position
    travellers: Sequence[Traveller]
    now: datetime
    branches: bool = False  # whether the definition gives this step ways


@dataclass(frozen=True)
class Outcome:
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
