"""What a customer did in this order.

{"sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": true}], "within": {"days": 7}}
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, ClassVar

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions import order, where, window, words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.conditions.where import Property
from karibu.segments.conditions.window import Within
from karibu.segments.faults import DefinitionError
from karibu.segments.scope import Happened, every, some

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

    from karibu.segments.scope import Scope

MOST_STEPS = 10


class Step(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """An event, or (`not`) none of these between the steps around it."""

    event: str | list[str]
    where: list[Property] = []
    denied: bool = msgspec.field(name="not", default=False)

    @property
    def names(self) -> list[str]:
        return where.listed(self.event)

    def check(self, path: str) -> None:
        where.check_names(self.event, f"{path}.event")
        where.check_properties(self.where, f"{path}.where")

    def said(self, names: Names) -> str:
        does = _("did not %(do)s") % {"do": words.do(self.names)} if self.denied else words.did(self.names)
        return " ".join(filter(None, [does, where.told(self.where, names)]))


class Sequence(Condition, frozen=True):
    """Each step is later than the one before it. A `not` at the end: none until now; at the beginning: none before.

    All of it lies in `within`.
    """

    KIND: ClassVar[str] = "sequence"

    sequence: list[Step]
    within: Within | None = None
    denied: bool = msgspec.field(name="not", default=False)

    def check(self, path: str) -> None:
        if not 2 <= len(self.sequence) <= MOST_STEPS:
            raise DefinitionError(f"{path}.sequence", _("Expected 2 to %(n)s steps.") % {"n": MOST_STEPS})
        if all(step.denied for step in self.sequence):
            raise DefinitionError(f"{path}.sequence", _("At least one step must happen."))
        for i, step in enumerate(self.sequence):
            step.check(f"{path}.sequence[{i}]")
        if self.within:
            self.within.check(f"{path}.within")

    def said(self, denied: bool, names: Names) -> str:
        steps = _(", then ").join(step.said(names) for step in self.sequence)
        if denied != self.denied:
            steps = _("not: %(steps)s") % {"steps": steps}
        return " ".join(filter(None, [_("who %(did)s") % {"did": steps}, self.within.said() if self.within else ""]))

    def needs(self) -> Needs:
        events = frozenset(name for step in self.sequence for name in step.names)
        dates = any(where.are_dated(step.where) for step in self.sequence)
        return Needs(events=events, windows=window.moving(self.within), dates=dates)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        steps = tuple(step.denied for step in self.sequence)
        return order.through(scope, self._marked(scope), steps, denied != self.denied)

    def _marked(self, scope: Scope) -> Happened:
        """The events that are a step, and of which steps they are."""
        events = scope.events
        steps = [every(where.fits(scope, events, step.names, step.where)) for step in self.sequence]
        names = sorted({name for step in self.sequence for name in step.names})
        found = [where.named(events, names), *scope.inside(self.within, events.time)]
        if any(step.where for step in self.sequence):
            found.append(some(steps))
        flags = {f"step{i}": step for i, step in enumerate(steps)}
        if any(where.listing(each.name, step.names) for step in self.sequence for each in step.where):
            return Happened(lambda: self._one_by_one(scope), lambda: found, flags)
        return Happened(lambda: events.filter(found).select("person", "time", **flags), lambda: found, flags)

    def _one_by_one(self, scope: Scope) -> Table:
        """The same where items have to be read: as few as can be."""
        import ibis

        parts = [
            where.table(scope, step.names, step.where, self.within).select(
                "person", "time", **{f"step{j}": ibis.literal(i == j) for j in range(len(self.sequence))}
            )
            for i, step in enumerate(self.sequence)
        ]
        return reduce(lambda some, more: some.union(more), parts)
