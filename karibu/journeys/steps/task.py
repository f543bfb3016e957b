"""A task for a colleague: a line on their list, about this person. The journey goes on meanwhile.

Tasks belong to an upper app (the desk), which says here how they are made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys.steps.base import Group, Outcome, Step
from karibu.segments.faults import DefinitionError


@dataclass(frozen=True)
class Wanted:
    """`key` is what the task is, for ever: the same key twice is the same task."""

    key: str
    customer_id: int
    title: str
    colleague: str  # an e-mail; empty: anybody's
    due_at: datetime
    source: str


Maker = Callable[[Sequence[Wanted]], None]
_makers: list[Maker] = []


def register(maker: Maker) -> None:
    """`maker(wanted)` writes the tasks down in the caller's transaction."""
    _makers[:] = [maker]


class Task(Step, forbid_unknown_fields=True):
    KIND: ClassVar[str] = "task"
    ICON: ClassVar[str] = "note"

    title: str
    colleague: str = ""
    within_days: int = 3

    def check(self, path: str) -> None:
        if not self.title.strip() or len(self.title) > 200:
            raise DefinitionError(f"{path}.title", _("Say what is to be done, in at most 200 letters."))
        if len(self.colleague) > 254:
            raise DefinitionError(f"{path}.colleague", _("Name a colleague by their e-mail."))
        if not 0 <= self.within_days <= 365:
            raise DefinitionError(f"{path}.within_days", _("From 0 to 365 days."))

    def sentence(self) -> str:
        words = {"title": self.title, "who": self.colleague or _("a colleague"), "n": self.within_days}
        if not self.within_days:
            return _("give %(who)s the task “%(title)s”, for today") % words
        said = ngettext(
            "give %(who)s the task “%(title)s”, to be done in %(n)s day",
            "give %(who)s the task “%(title)s”, to be done in %(n)s days",
            self.within_days,
        )
        return said % words

    def take(self, group: Group) -> Sequence[Outcome]:
        wanted = [
            Wanted(
                key=f"journey:{group.journey_id}:enrollment:{t.id}:step:{group.step}",
                customer_id=t.customer_id,
                title=self.title,
                colleague=self.colleague,
                due_at=group.now + timedelta(days=self.within_days),
                source=f"journey:{group.journey_id}",
            )
            for t in group.travellers
        ]
        for maker in _makers:
            maker(wanted)
        return [Outcome("a task" if _makers else "nobody keeps tasks")] * len(group.travellers)

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        return [Outcome("a task" if _makers else "nobody keeps tasks")] * len(group.travellers)
