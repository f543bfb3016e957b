"""What a condition is compiled against: the relations, the day it is, and how an engine spells what ibis does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import BooleanValue, Column, IntegerColumn, StringValue, Table, TimestampValue, Value

    from karibu.segments.conditions.window import Within

Dialect = Literal["duckdb", "spark"]
MOMENT = "timestamp('UTC', 6)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Happened:
    """Events that count: as a table (person, time, …), and as conditions on a row of the log. Whoever asks needs one
    of the two, and each takes some milliseconds to write.

    `flags` are columns that the table has beside those of the log.
    """

    as_table: Callable[[], Table]
    as_conditions: Callable[[], Sequence[BooleanValue]]
    flags: Mapping[str, BooleanValue]

    @cached_property
    def table(self) -> Table:
        return self.as_table()

    @property
    def conditions(self) -> Sequence[BooleanValue]:
        return self.as_conditions()


# What is measured of a person's events, those for which the second argument holds; and what must be true of it.
Measure = Callable[[Any, "BooleanValue | None"], "Value"]
Measures = Mapping[str, Measure]
Fits = Callable[[Any], "Sequence[BooleanValue]"]
People = Callable[[], "IntegerColumn"]  # only called by who asks for them in ibis' words, which take long to write


@dataclass(frozen=True)
class Scope:
    """`traits`: the column of each trait that somebody has. `columns`: their ibis types, and those of the rest.

    `today` is the day in the shop's `zone`, which is where days begin and end.
    """

    dialect: Dialect
    columns: Mapping[str, str]
    traits: Mapping[str, str]
    zone: ZoneInfo
    today: date

    @cached_property
    def customers(self) -> Table:
        import ibis

        return ibis.table(dict(self.columns), name="customers")

    @cached_property
    def events(self) -> Table:
        """The log's columns and `person`, who the customer is today; NULL where nobody is known."""
        import ibis

        return ibis.table({"person": "int64", **logged()}, name="events")

    def trait(self, name: str) -> Column | None:
        """The column of customers that holds this trait; None where nobody has it."""
        column = self.traits.get(name)
        return self.customers[column] if column in self.columns else None

    def among(self, people: People, denied: bool) -> BooleanValue:
        """Whether a customer is one of `people`; or (`denied`) is not. Nobody (NULL) may be among them."""
        ids = people()
        if denied:
            known = ids.as_table()
            outside: BooleanValue = ~self.customers.id.isin(known.filter(known[ids.get_name()].notnull())[0])
            return outside
        found: BooleanValue = self.customers.id.isin(ids)
        return found

    def measured(self, happened: Happened, measures: Measures, fits: Fits, denied: bool) -> BooleanValue:
        """Whether something of it happened to a customer, and its measures fit; or (`denied`) not."""
        if not measures:
            return self.among(lambda: happened.table.person, denied)
        people = happened.table.group_by("person")
        found = people.agg([measure(happened.table, None).name(name) for name, measure in measures.items()])
        return self.among(lambda: found.filter(fits(found)).person, denied)

    def moment(self, when: datetime) -> TimestampValue:
        return self._spelt("moment")((when - _EPOCH) // _MICROSECOND)

    def midnight(self, day: date) -> TimestampValue:
        """When that day begins in the shop's zone."""
        return self.moment(datetime.combine(day, time(), self.zone).astimezone(UTC))

    def on_days(self, first: date, last: date, when: TimestampValue) -> BooleanValue:
        """Whether `when` is on one of these days, both included."""
        return (when >= self.midnight(first)) & (when < self.midnight(last + timedelta(days=1)))

    def inside(self, within: Within | None, when: TimestampValue) -> list[BooleanValue]:
        """What must hold for `when` to be in the window; that it has happened by now is known."""
        if within is None:
            return []
        if within.length:
            ago = self._spelt("ago")
            over = [when <= ago(within.until // _MICROSECOND)] if within.until else []
            return [when > ago(within.length // _MICROSECOND), *over]
        ends = [when >= self.midnight(date.fromisoformat(within.first))] if within.first else []
        if within.last:
            ends.append(when < self.midnight(date.fromisoformat(within.last) + timedelta(days=1)))
        return ends

    def carried(self, properties: Column, name: str) -> StringValue:
        """What an event carried under that name, as text; a dot leads into an object. NULL for what cannot be read."""
        path = _PATHS[self.dialect](name.split("."))
        if self.dialect == "duckdb":  # which refuses half a surrogate pair, and the whole question with it
            return self._spelt("attempt")(self._spelt("carried")(properties, path))
        return self._spelt("carried")(properties, path)

    def _spelt(self, function: str) -> Any:
        return _functions(self.dialect)[function]


def unknown() -> BooleanValue:
    """Neither true nor false."""
    import ibis

    return ibis.null("boolean")


def every(conditions: Sequence[BooleanValue]) -> BooleanValue:
    """All of them, as a tree of little depth: engines recurse into it."""
    return _balanced(conditions, and_, True)


def some(conditions: Sequence[BooleanValue]) -> BooleanValue:
    """At least one of them."""
    return _balanced(conditions, or_, False)


def _balanced(parts: Sequence[BooleanValue], join: Any, nothing: bool) -> BooleanValue:
    import ibis

    if not parts:
        return ibis.literal(nothing)
    while len(parts) > 2:
        parts = [reduce(join, parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return reduce(join, parts)


def logged() -> dict[str, str]:
    """The columns of the log and their types, as ibis calls them."""
    from karibu.events import schema

    return {field.name: _named(field.type) for field in schema.schema()}


def _named(kind: pa.DataType) -> str:
    """The type of a column of the log, as ibis calls it."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"array<{_named(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_named(field.type)}' for field in kind)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return {"timestamp[us, tz=UTC]": MOMENT, "bool": "boolean"}.get(str(kind), str(kind))


def _dotted(names: Sequence[str]) -> str:
    """No JSON pointer: that would lead into lists, too."""
    return "$" + "".join(f'."{name}"' for name in names)


def _bracketed(names: Sequence[str]) -> str:
    return "$" + "".join(f"['{name}']" for name in names)


_PATHS = {"duckdb": _dotted, "spark": _bracketed}
_made: dict[Dialect, dict[str, Any]] = {}


def _functions(dialect: Dialect) -> dict[str, Any]:
    """What ibis has no word for, as the engine calls it; `karibu_ago` is one that we give it with each query."""
    if dialect not in _made:
        moment = {"duckdb": "make_timestamptz", "spark": "timestamp_micros"}[dialect]
        carried = {"duckdb": "json_extract_string", "spark": "get_json_object"}[dialect]
        _made[dialect] = {
            "ago": _function(lambda microseconds: None, "karibu_ago", ["int64"], MOMENT),
            "moment": _function(lambda microseconds: None, moment, ["int64"], MOMENT),
            "attempt": _function(lambda text: None, "try", ["string"], "string"),
            "carried": _function(lambda text, path: None, carried, ["string", "string"], "string"),
        }
    return _made[dialect]


def _function(like: Callable[..., None], name: str, takes: Sequence[str], gives: str) -> Any:
    import ibis

    return ibis.udf.scalar.builtin(like, name=name, signature=(tuple(takes), gives))
