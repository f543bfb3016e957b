"""Let only so many people an hour pass: one after the other, the rest wait for their turn, nobody is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from django.db import connection
from django.utils.translation import gettext as _

from karibu.journeys.steps.base import TURN, Group, Outcome, Step
from karibu.segments.faults import DefinitionError

PER = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}

_RESERVE = """
    INSERT INTO journeys_turnstile AS t (journey_id, step, free_at) VALUES (%(journey)s, %(step)s, %(now)s + %(length)s)
    ON CONFLICT (journey_id, step) DO UPDATE SET free_at = greatest(t.free_at, %(now)s) + %(length)s
    RETURNING free_at"""


class Rate(Step, forbid_unknown_fields=True):
    """Everybody gets their turn when they come, evenly spaced: so no hour, wherever it begins, has more than `most`."""

    KIND: ClassVar[str] = "rate"
    ICON: ClassVar[str] = "clock"

    most: int
    per: Literal["minute", "hour", "day"] = "hour"

    def check(self, path: str) -> None:
        if not 1 <= self.most <= 1_000_000:
            raise DefinitionError(f"{path}.most", _("From 1 to 1,000,000 people."))

    def sentence(self) -> str:
        said = {
            "minute": _("let at most %(n)s people a minute pass"),
            "hour": _("let at most %(n)s people an hour pass"),
            "day": _("let at most %(n)s people a day pass"),
        }[self.per]
        return said % {"n": self.most}

    def take(self, group: Group) -> Sequence[Outcome]:
        new = [t.id for t in sorted(group.travellers, key=lambda t: (t.arrived_at, t.id)) if TURN not in t.context]
        turns = dict(zip(new, self._turns(group, len(new)), strict=True))
        return [self._outcome(turns.get(traveller.id), group.now) for traveller in group.travellers]

    def rehearse(self, group: Group) -> Sequence[Outcome]:
        """By the turnstile of the past: nobody's real turn is taken."""
        assert group.past
        new = [(t, group.moment(t)) for t in group.travellers if TURN not in t.context]
        turns = group.past.turns(group.step, PER[self.per] / self.most, new)
        given = {traveller.id: turn for (traveller, _moment), turn in zip(new, turns, strict=True)}
        return [self._outcome(given.get(traveller.id), group.moment(traveller)) for traveller in group.travellers]

    def _turns(self, group: Group, number: int) -> list[datetime]:
        """The next free turns; the row that says which is locked until the transaction ends."""
        if not number:
            return []
        apart = PER[self.per] / self.most
        with connection.cursor() as cursor:
            known: dict[str, Any] = {
                "journey": group.journey_id,
                "step": group.step,
                "now": group.now,
                "length": apart * number,
            }
            cursor.execute(_RESERVE, known)
            first = cursor.fetchone()[0] - apart * number
        return [first + apart * n for n in range(number)]

    @staticmethod
    def _outcome(turn: datetime | None, now: datetime) -> Outcome:
        if turn is None or turn <= now:
            return Outcome("their turn")
        return Outcome("", again=turn, context={TURN: True})
