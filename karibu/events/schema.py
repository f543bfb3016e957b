"""The columns of the event log, and how events become a batch of them.

Columns are added in numbered steps and never change or go. A tail block says which step it was written
at; a lake that is behind is brought up by `karibu lake migrate`, and the server does not start before.
To add columns: append a Step to STEPS.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from karibu.events.batch import BadEvent
from karibu.events.event import Event, Item

MONEY = pa.decimal128(18, 4)
MOMENT = pa.timestamp("us", tz="UTC")
ITEM = pa.struct(
    [
        *[pa.field(name, pa.string()) for name in ("product_id", "sku", "name", "brand", "variant", "category")],
        pa.field("price", MONEY),
        pa.field("quantity", pa.int64()),
        pa.field("total", MONEY),
        *[pa.field(name, pa.string()) for name in ("coupon", "url", "image_url")],
    ]
)
_EPOCH, _SPAN = datetime(1970, 1, 1, tzinfo=UTC), pa.duration("us")
PARTITION = pa.field("month", pa.string())  # "2026-11", of `time` in UTC; not stored in a tail block

Values = list[Any]
Take = Callable[[Sequence[Event]], Values]


@dataclass(frozen=True)
class Column:
    """One column. `take` gives its values for many events at once; None is absent (never an empty text)."""

    name: str
    type: pa.DataType
    take: Take

    def array(self, events: Sequence[Event]) -> pa.Array:
        values = self.take(events)
        try:
            return pa.array(values, self.type) if any(values) else _only_nothing(values, self.type)
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
            return pa.array([self._fitted(e, v) for e, v in zip(events, values, strict=True)], self.type)

    def _fitted(self, event: Event, value: Any) -> Any:
        """The value as it fits the column; raises BadEvent for the one that cannot."""
        try:
            fitted = rounded(value) if isinstance(value, Decimal) else _rounded_items(value)
            pa.array([fitted], self.type)
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError, InvalidOperation):
            raise BadEvent(event, f"{self.name}: this value does not fit ({self.type})") from None
        return fitted


@dataclass(frozen=True)
class Step:
    """Columns that came together. Applying a step twice does nothing the second time."""

    number: int
    about: str
    columns: tuple[Column, ...]


def rounded(amount: Decimal) -> Decimal:
    """To the four decimals that the log keeps."""
    return amount.quantize(Decimal("0.0001"))


def _rounded_items(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {name: rounded(each) if isinstance(each, Decimal) else each for name, each in item.items()} for item in value
    ]


def _only_nothing(values: Values, type_: pa.DataType) -> pa.Array:
    """Most columns are empty in most batches. A zero is a value all the same."""
    return pa.nulls(len(values), type_) if values.count(None) == len(values) else pa.array(values, type_)


def _plain(name: str, type_: pa.DataType, field: str = "") -> Column:
    get = attrgetter(field or name)
    return Column(name, type_, lambda events: list(map(get, events)))


class Filled(Column):
    """Empty text, and an id of 0, mean absent."""

    def array(self, events: Sequence[Event]) -> pa.Array:
        values = self.take(events)
        if not any(values):  # most columns in most batches
            return pa.nulls(len(values), self.type)
        whole = Column(self.name, self.type, lambda _: values if all(values) else [value or None for value in values])
        return whole.array(events)


def _filled(name: str, type_: pa.DataType = pa.string(), field: str = "") -> Column:
    get = attrgetter(field or name)
    return Filled(name, type_, lambda events: list(map(get, events)))


def _json(name: str) -> Column:
    get, encode = attrgetter(name), msgspec.json.Encoder().encode
    return Column(name, pa.string(), lambda events: [encode(told) if told else None for told in map(get, events)])


class Moments(Column):
    """A time as the span since 1970, which pyarrow reads in a tenth of the time."""

    def array(self, events: Sequence[Event]) -> pa.Array:
        return pa.array([moment - _EPOCH for moment in self.take(events)], _SPAN).cast(pa.int64()).cast(self.type)


def customer(event: Event) -> int:
    """The customer that the log keeps for this event: the one from before the first sign-in, where there is one."""
    return event.recorded_as or event.customer_id


def _items(events: Sequence[Event]) -> Values:
    return [[_line(item) for item in event.items] if event.items else None for event in events]


def _line(item: Item) -> dict[str, Any]:
    return {name: value for name in item.__struct_fields__ if (value := getattr(item, name)) not in ("", None)}


class Items(Column):
    """The lines of carts and orders. Built column by column, and once for a line that many events share."""

    def array(self, events: Sequence[Event]) -> pa.Array:
        lists = [event.items for event in events]
        lines = list(itertools.chain.from_iterable(lists))
        ids = list(map(id, lines))
        different = dict(zip(ids, lines, strict=True))
        place = dict(zip(different, itertools.count()))
        try:
            parts = [_part(field, list(different.values())) for field in ITEM]
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
            return super().array(events)
        values = pa.StructArray.from_arrays(parts, fields=list(ITEM))
        values = values.take(pa.array(list(map(place.__getitem__, ids)), pa.int32()))
        ends = itertools.accumulate(map(len, lists), initial=0)
        none = pa.array([not listed for listed in lists])
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, mask=none)


def _part(field: pa.Field, items: Sequence[Item]) -> pa.Array:
    values = list(map(attrgetter(field.name), items))
    if pa.types.is_string(field.type) and not all(values):
        values = [value or None for value in values]
    return pa.array(values, field.type) if any(values) else _only_nothing(values, field.type)


STEPS: list[Step] = [
    Step(
        1,
        "the first columns",
        (
            _filled("message_id"),
            Column("customer", pa.int64(), lambda events: [customer(event) or None for event in events]),
            _plain("type", pa.string()),
            _plain("name", pa.string()),
            Moments("time", MOMENT, lambda events: [event.time for event in events]),
            Moments("received_at", MOMENT, lambda events: [event.received_at for event in events]),
            _filled("source_id", pa.int64()),
            _filled("source"),
            _filled("channel"),
            _plain("historical", pa.bool_()),
            _filled("import_id", pa.int64()),
            _filled("anonymous_id"),
            _filled("user_id"),
            _filled("previous_id"),
            _filled("group_id"),
            _filled("order_id"),
            _filled("cart_id"),
            _filled("product_id"),
            _filled("category"),
            _filled("query"),
            _plain("value", MONEY),
            _filled("currency"),
            _plain("quantity", pa.int64()),
            _filled("coupon"),
            _filled("campaign"),
            _plain("message", pa.int64()),
            _filled("url"),
            _filled("referrer"),
            _filled("utm_source"),
            _filled("utm_medium"),
            _filled("utm_campaign"),
            _filled("utm_term"),
            _filled("utm_content"),
            Items("items", pa.list_(ITEM), _items),
            _filled("properties", field="properties_json"),
            _json("traits"),
            _filled("context", field="context_json"),
        ),
    ),
]


def latest_step() -> int:
    return STEPS[-1].number


def columns(step: int | None = None) -> list[Column]:
    """Every column there was at `step` (now, when not given), in order."""
    return [column for s in STEPS if step is None or s.number <= step for column in s.columns]


def schema(step: int | None = None) -> pa.Schema:
    """The columns of a tail block or a data file; the lake's own schema has PARTITION behind them."""
    return pa.schema([pa.field(column.name, column.type) for column in columns(step)])


def to_batch(events: Sequence[Event]) -> pa.RecordBatch:
    """The events as columns, in the order given. Raises BadEvent for one that has a value no column can hold."""
    return pa.RecordBatch.from_arrays([column.array(events) for column in columns()], schema=schema())
