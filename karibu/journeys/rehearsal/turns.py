"""Whose turn it is at a step that lets only so many people pass (steps/rate.py), where people are told of one by one.

Who came when is known only when everybody has been told of. So a rehearsal is told once more, with the turns of those
who came the last time, in the order in which they came, until nobody comes at another moment than before. What happens
on one clock, as a story does, is right the first time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from karibu.journeys.steps.base import Traveller

TIMES = 10  # that a past is told at most
Who = tuple[int, str, int]  # customer, key and run: the same each time that it is told


@dataclass
class Turns:
    """Of one telling. Each who came stands for `one_in` people, who all want their turn."""

    one_in: int = 1
    known: Mapping[int, Mapping[Who, datetime]] = field(default_factory=dict)  # from the last telling, by step
    _apart: dict[int, timedelta] = field(default_factory=dict)
    _came: dict[int, dict[Who, datetime]] = field(default_factory=lambda: defaultdict(dict))
    _given: dict[int, dict[Who, datetime]] = field(default_factory=lambda: defaultdict(dict))
    _free: dict[int, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def give(self, step: int, apart: timedelta, come: Sequence[tuple[Traveller, datetime]]) -> list[datetime]:
        """When each passes of those who come now, in their order."""
        with self._lock:
            self._apart[step] = apart * self.one_in
            first = sorted(come, key=lambda one: (one[1], one[0].arrived_at, _who(one[0])))
            found = {traveller.id: self._turn(step, _who(traveller), moment) for traveller, moment in first}
            return [found[traveller.id] for traveller, _moment in come]

    def _turn(self, step: int, who: Who, moment: datetime) -> datetime:
        self._came[step][who] = moment
        known = self.known.get(step, {}).get(who)
        if known is None and who not in self._given[step]:
            self._given[step][who] = max(self._free.get(step, moment), moment)
            self._free[step] = self._given[step][who] + self._apart[step]
        return max(known or self._given[step][who], moment)

    def anew(self) -> "Turns":
        """For the next telling: as those who came in this one, first come, first served."""
        return Turns(self.one_in, {step: self._in_order(step) for step in self._came})

    def are_known(self) -> bool:
        """Whether this telling gave the turns that follow from it."""
        return self.anew().known == self.known

    def _in_order(self, step: int) -> dict[Who, datetime]:
        turns, free = {}, datetime.min.replace(tzinfo=UTC)
        for who, moment in sorted(self._came[step].items(), key=lambda one: (one[1], one[0])):
            turns[who] = max(free, moment)
            free = turns[who] + self._apart[step]
        return turns


def _who(traveller: Traveller) -> Who:
    return traveller.customer_id, traveller.key, traveller.run
