"""One thing after the other: who came through all steps of a sequence.

A table of moments has a row for each moment at which something happened to a person, and says for each step
(step0, step1 …) whether it was one of that. What happens at the same moment is neither before nor after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from karibu.segments.scope import some

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, IntegerColumn, Table, TimestampValue

    from karibu.segments.scope import Fits, Happened, Measure, Measures, Scope

Denied = tuple[bool, ...]  # of each step, whether it must not happen


def through(scope: Scope, happened: Happened, denied: Denied, negative: bool) -> BooleanValue:
    """Who came through, or (`negative`) who did not. What happened has a flag for each step beside person and time."""
    if denied in _BY_ENDS:
        ends, fits = _BY_ENDS[denied]
        return scope.measured(happened, ends, fits, negative)
    if denied == (False, False, False):
        return scope.among(lambda: _between_the_ends(happened.table), negative)
    return scope.among(lambda: _step_by_step(happened.table, denied), negative)


def _end(step: str, kind: str) -> Measure:
    def moment(happened: Any, counts: BooleanValue | None) -> TimestampValue:
        those = happened[step] if counts is None else happened[step] & counts
        found: TimestampValue = getattr(happened.time, kind)(where=those)
        return found

    return moment


def _first(step: int) -> dict[str, Measure]:
    return {f"first{step}": _end(f"step{step}", "min")}


def _last(step: int) -> dict[str, Measure]:
    return {f"last{step}": _end(f"step{step}", "max")}


# Of two steps, and of some three, the first or the last time of each says all.
_BY_ENDS: dict[Denied, tuple[Measures, Fits]] = {
    (False, False): (_first(0) | _last(1), lambda t: [t["first0"] < t["last1"]]),
    (False, True): (_last(0) | _last(1), lambda t: [_not_after(t["last1"], t["last0"])]),
    (True, False): (_first(0) | _first(1), lambda t: [_not_before(t["first0"], t["first1"])]),
    (False, False, True): (
        _first(0) | _last(1) | _last(2),
        lambda t: [t["first0"] < t["last1"], _not_after(t["last2"], t["last1"])],
    ),
    (True, False, False): (
        _first(0) | _first(1) | _last(2),
        lambda t: [_not_before(t["first0"], t["first1"]), t["first1"] < t["last2"]],
    ),
}


def _between_the_ends(marked: Table) -> IntegerColumn:
    """Of three steps, the middle one lies between the first time of the first and the last time of the last."""
    ends = marked.group_by("person").agg(
        first=lambda t: t.time.min(where=t.step0), last=lambda t: t.time.max(where=t.step2)
    )
    ends = ends.filter(ends["first"] < ends["last"])
    middle = marked.filter(marked.step1).select("person", "time").join(ends, "person")
    return middle.filter((middle.time > middle["first"]) & (middle.time < middle["last"])).person


def _step_by_step(marked: Table, denied: Denied) -> IntegerColumn:
    """Step after step, the moments at which a person may have come that far: that is enough to know of the past."""
    flags = {f"step{i}": marked[f"step{i}"].any() for i in range(len(denied))}
    moments = marked.filter(marked.person.notnull()).group_by("person", "time").agg(**flags)
    reached = ""  # the column that says where the last step that must happen may have happened
    between: list[str] = []  # columns of the steps that must not happen since then
    for i, never in enumerate(denied):
        if never:
            between.append(f"step{i}")
            continue
        moments = moments.mutate(**{f"reached{i}": _reached(moments, f"step{i}", reached, between)})
        reached, between = f"reached{i}", []
    return _arrived(moments, reached, between)


def _reached(moments: Table, step: str, reached: str, between: Sequence[str]) -> BooleanValue:
    """Where this step may have happened: after a moment at which the one before may have, and nothing between them."""
    import ibis

    earlier = ibis.rows_window(preceding=(None, 1), group_by="person", order_by="time")
    here: BooleanValue = moments[step]
    denied = moments.time.max(where=some([moments[name] for name in between])).over(earlier) if between else None
    if not reached:
        return here if denied is None else here & denied.isnull()
    last = moments.time.max(where=moments[reached]).over(earlier)
    return here & (last.notnull() if denied is None else _not_after(denied, last))


def _arrived(moments: Table, reached: str, between: Sequence[str]) -> IntegerColumn:
    aims = {"last": moments.time.max(where=moments[reached])}
    if not between:
        people = moments.group_by("person").agg(**aims)
        return people.filter(people["last"].notnull()).person
    aims["denied"] = moments.time.max(where=some([moments[name] for name in between]))
    people = moments.group_by("person").agg(**aims)
    return people.filter(_not_after(people.denied, people["last"])).person


def _not_before(denied: TimestampValue, first: TimestampValue) -> BooleanValue:
    """`first` happened, and the other not before it."""
    return first.notnull() & (denied.isnull() | (denied >= first))


def _not_after(denied: TimestampValue, last: TimestampValue) -> BooleanValue:
    """`last` happened, and the other did not since then."""
    return last.notnull() & (denied.isnull() | (denied <= last))
