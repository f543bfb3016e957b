"""Ask a program of the shop's own: a signed call, whose reply the run knows as `reply` from then on.

The engine only writes down that it is to be called; the loop "calls" does it (calls.py), and the person stands here
until there is an answer, or it is too late for one.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import CALLED, Group, Outcome, Step, Traveller
from karibu.segments.faults import DefinitionError

ANSWERED, FAILED = "answered", "failed"
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?$")
PATIENCE = timedelta(minutes=15)  # with one that does not answer, all tries together


class Webhook(Step, forbid_unknown_fields=True):
    """`with_person`: the call names the person, with addresses; else it gives their number and what the run knows."""

    KIND: ClassVar[str] = "webhook"
    ICON: ClassVar[str] = "link"

    url: str
    with_person: bool = False

    def check(self, path: str) -> None:
        # Where it leads is looked at when it goes live and at each call (guard.py): that may change, this may not.
        if len(self.url) > 2000 or not _ADDRESS.match(self.url):
            raise DefinitionError(f"{path}.url", _("Write the whole address, with https:// before it."))

    def sentence(self) -> str:
        return _("ask %(host)s and wait for its answer") % {"host": self.url.split("/")[2]}

    def ways(self) -> Sequence[str]:
        return (ANSWERED, FAILED)

    def way_names(self) -> Mapping[str, str]:
        return {ANSWERED: _("it answered"), FAILED: _("it failed, or never answered")}

    def must_branch(self) -> bool:
        return False

    def take(self, group: Group) -> Sequence[Outcome]:
        from karibu.journeys import calls  # which reads the definitions that name this step

        calls.place(self, group, [t for t in group.travellers if CALLED not in t.context])
        calls.forget([t.id for t in group.travellers if t.context.get(CALLED) == ""])
        return [self._outcome(group, traveller) for traveller in group.travellers]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """Nobody is asked: as if it had answered at once, with nothing that the run would have learnt."""
        return [Outcome("answered", way=ANSWERED)] * len(group.travellers)

    @staticmethod
    def _outcome(group: Group, traveller: Traveller) -> Outcome:
        if CALLED not in traveller.context:
            return Outcome("", again=group.now + PATIENCE, context={CALLED: ""})
        came: Any = traveller.context[CALLED]
        if came == ANSWERED:
            return Outcome("answered", way=ANSWERED)
        return Outcome(f"failed: {came or 'no answer'}"[:200], way=FAILED)
