"""What every kind of step is, and what it is handed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import msgspec


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


@dataclass(frozen=True)
class Outcome:
    """What came of it for one traveller. `words` stands in the journey's history."""

    words: str
    leaves: bool = False  # ends here, for the reason that `words` gives


class Step(msgspec.Struct, forbid_unknown_fields=True):
    KIND: ClassVar[str]
    ICON: ClassVar[str]

    def check(self, path: str) -> None:
        """Raises DefinitionError for settings that cannot run."""

    def sentence(self) -> str:
        raise NotImplementedError

    def due(self, arrived: datetime) -> datetime:
        """When whoever arrived at that moment goes through; at once unless the kind says otherwise."""
        return arrived

    def take(self, group: Group) -> Sequence[Outcome]:
        raise NotImplementedError
