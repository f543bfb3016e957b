"""Several ways by chance: the same person always goes the same, and a way without steps is a holdout."""

import hashlib
from collections.abc import Sequence
from typing import ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments.faults import DefinitionError

MOST = 10


class Split(Step, forbid_unknown_fields=True):
    """`shares`: {"A": 50, "B": 40, "holdout": 10} in percent. `salt`: another one draws anew."""

    KIND: ClassVar[str] = "split"
    ICON: ClassVar[str] = "branch"

    shares: dict[str, int]
    salt: str = ""

    def check(self, path: str) -> None:
        if not 2 <= len(self.shares) <= MOST:
            raise DefinitionError(f"{path}.shares", _("From 2 to %(n)s ways.") % {"n": MOST})
        if any(not name.strip() or len(name) > 40 for name in self.shares):
            raise DefinitionError(f"{path}.shares", _("Give each way a name of at most 40 letters."))
        if any(share < 0 for share in self.shares.values()) or sum(self.shares.values()) != 100:
            raise DefinitionError(f"{path}.shares", _("The shares make 100 together."))

    def sentence(self) -> str:
        said = ", ".join(f"{name} {share} %" for name, share in self.shares.items())
        return _("go by chance: %(shares)s") % {"shares": said}

    def ways(self) -> Sequence[str]:
        return list(self.shares)

    def take(self, group: Group) -> Sequence[Outcome]:
        salt = f"{group.journey_id}:{self.salt or group.step}"
        by_way = {way: Outcome(way, way=way) for way in self.shares}
        return [by_way[self.way_of(t.customer_id, salt)] for t in group.travellers]

    def way_of(self, customer_id: int, salt: str) -> str:
        """By a hash, so that no way is remembered and none can change: the first 8 bytes against the shares."""
        drawn = int.from_bytes(hashlib.sha256(f"{salt}:{customer_id}".encode()).digest()[:8]) * 100 >> 64
        for name, share in self.shares.items():
            drawn -= share
            if drawn < 0:
                return name
        raise AssertionError("the shares make 100")
