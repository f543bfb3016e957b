"""What a customer did, how often, how much of it, or when for the first or the last time.

{"event": "Order Completed", "where": [{"property": "coupon", "op": "exists"}], "measure": "sum:value",
 "op": "gte", "value": 100, "within": {"days": 30}, "not": true}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.segments.conditions import amounts, measures, operators, where, window, words
from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.conditions.where import Property
from karibu.segments.conditions.window import Within
from karibu.segments.faults import DefinitionError
from karibu.segments.operand import compared

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, IntegerColumn

    from karibu.segments.scope import Fits, Happened, Scope

AMOUNTS = ("is", "is_not", *operators.NUMBERS, "between")
MOMENTS = ("before", "after", "between", "in_last_days", "not_in_last_days")
ENDS = ("first", "last")  # measures that are a moment, not a number


class Event(Condition, frozen=True):
    """`measure`: "count", "sum:value", "distinct:product", or "first" and "last": the moment of that event.

    Amounts compare with numbers, who never did it has 0. Moments compare with days or lie `within` a window;
    whoever never did it has none. For amounts, `within` says which events count.
    """

    KIND: ClassVar[str] = "event"

    event: str | list[str]
    where: list[Property] = []
    measure: str = "count"
    op: str = ""
    value: Any = None
    within: Within | None = None
    denied: bool = msgspec.field(name="not", default=False)

    @property
    def names(self) -> list[str]:
        return where.listed(self.event)

    @property
    def is_moment(self) -> bool:
        return self.measure in ENDS

    @property
    def measured(self) -> str:
        """The property that is added up, or whose different values are counted; "" for others."""
        return where.ALIASES.get(name, name) if (name := self.measure.partition(":")[2]) else ""

    @property
    def comparison(self) -> tuple[str, Any]:
        """Operator and value; "at least once" where the definition says nothing. ("", None): within alone."""
        return (self.op, self.value) if self.op or self.is_moment else ("gte", 1)

    def check(self, path: str) -> None:
        where.check_names(self.event, f"{path}.event")
        where.check_properties(self.where, f"{path}.where")
        if self.within:
            self.within.check(f"{path}.within")
        self._check_measure(path)
        if self.op:
            operators.check(self.op, self.value, path, MOMENTS if self.is_moment else AMOUNTS)
            self._check_value(f"{path}.value")
        elif self.value is not None:
            raise DefinitionError(f"{path}.op", _("Say how the value is compared."))

    def _check_measure(self, path: str) -> None:
        kind, colon, name = self.measure.partition(":")
        if kind in ("sum", "distinct") and colon:
            where.check_name(name, f"{path}.measure")
        elif self.measure != "count" and not self.is_moment:
            kinds = "count, sum:value, distinct:product, first, last"
            raise DefinitionError(f"{path}.measure", _("Expected one of: %(kinds)s.") % {"kinds": kinds})
        if self.is_moment and not self.op and not self.within:
            raise DefinitionError(path, _("Say when: with “op” and “value”, or “within”."))

    def _check_value(self, path: str) -> None:
        """Numbers for amounts, days for moments."""
        ends = self.value if isinstance(self.value, list) else [self.value]
        if self.is_moment and self.op == "between" and not all(map(operators.day, ends)):
            raise DefinitionError(path, _("Expected two days, such as 2026-11-22."))
        if not self.is_moment and not all(map(operators.is_number, ends)):
            raise DefinitionError(path, _("Expected a number."))

    def said(self, denied: bool, names: Names) -> str:
        denied = denied != self.denied
        rest = [where.told(self.where, names), self.within.said() if self.within and not self.is_moment else ""]
        if self.is_moment:
            return " ".join(filter(None, [self._moment_said(denied), where.told(self.where, names)]))
        if self.measure != "count":
            return " ".join(filter(None, [self._did(), *rest])) + ", " + self._amount_said(denied)
        once, never = self.comparison == ("gte", 1), self.comparison in (("is", 0), ("lt", 1), ("lte", 0))
        did = self._did() if denied == never else self._did_not()
        return " ".join(filter(None, [did, *rest, "" if once or never else times_said(*self.comparison)]))

    def _did(self) -> str:
        return _("who %(did)s") % {"did": words.did(self.names)}

    def _did_not(self) -> str:
        return _("who did not %(do)s") % {"do": words.do(self.names)}

    def _amount_said(self, denied: bool) -> str:
        about = {"what": words.label(self.measured), "is": operators.said(*self.comparison, denied)}
        if self.measure.startswith("sum"):
            return _("where the total %(what)s %(is)s") % about
        return _("where the number of different values of %(what)s %(is)s") % about

    def _moment_said(self, denied: bool) -> str:
        parts = [operators.said(self.op, self.value, denied)] if self.op else []
        if self.within:
            parts.append((_("was not %(when)s") if denied else _("was %(when)s")) % {"when": self.within.said()})
        joined = (_(" or ") if denied else _(" and ")).join(parts)
        moment = _("of whom the first time they %(did)s %(is)s"), _("of whom the last time they %(did)s %(is)s")
        return moment[self.measure == "last"] % {"did": words.did(self.names), "is": joined}

    def needs(self) -> Needs:
        dates = self.op in operators.CALENDAR or where.are_dated(self.where)
        return Needs(events=frozenset(self.names), windows=window.moving(self.within), dates=dates)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        denied = denied != self.denied
        if self.is_moment:
            return self._moment_fits(scope, denied)
        op, value = self.comparison
        if amounts.holds(op, value, 0):  # then so it does for all who never did it: look for the others
            op, value, denied = amounts.OPPOSITES[op], value, not denied
        return self._amount_fits(scope, op, value, denied)

    def _happened(self, scope: Scope, within: Within | None) -> Happened:
        return where.happened(scope, self.names, self.where, within)

    def _moment_fits(self, scope: Scope, denied: bool) -> BooleanValue:
        """Whether they did it for the first or the last time when it is asked for."""

        def fits(found: Any) -> list[BooleanValue]:
            inside = scope.inside(self.within, found.moment)
            return [*inside, compared(scope, found.moment, self.op, self.value)] if self.op else inside

        moment = measures.first if self.measure == "first" else measures.last
        return scope.measured(self._happened(scope, None), {"moment": moment}, fits, denied)

    def _amount_fits(self, scope: Scope, op: str, value: Any, denied: bool) -> BooleanValue:
        """Whether, having done it, they did it as often or as much as that."""
        happened = self._happened(scope, self.within)

        def fits(found: Any) -> list[BooleanValue]:
            return [amounts.compared(scope, found.amount, op, value)]

        if self.measure == "count":
            often = {} if amounts.holds_always(op, value) else {"amount": measures.times}
            return scope.measured(happened, often, fits, denied)
        if self.measure.startswith("sum"):
            return scope.measured(happened, {"amount": measures.summed(scope, self.measured)}, fits, denied)
        return scope.among(lambda: self._various(scope, happened, fits), denied)

    def _various(self, scope: Scope, happened: Happened, fits: Fits) -> IntegerColumn:
        """Who did it with so many different values."""
        listing = where.listing(self.measured, self.names)
        different = measures.varieties(scope, happened.table, self.measured, listing)
        return different.filter(fits(different)).person


def times_said(op: str, value: Any) -> str:
    """ "at least 3 times"."""
    if op == "between":
        return _("between %(least)s and %(most)s times") % {"least": value[0], "most": value[1]}
    times = ngettext("%(n)s time", "%(n)s times", int(value)) % {"n": operators.spoken(value)}
    return {
        "is": _("exactly %(times)s"),
        "is_not": _("not exactly %(times)s"),
        "gt": _("more than %(times)s"),
        "gte": _("at least %(times)s"),
        "lt": _("fewer than %(times)s"),
        "lte": _("at most %(times)s"),
    }[op] % {"times": times}
