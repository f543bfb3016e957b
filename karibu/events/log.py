"""Reading the event log: one person's history, counts, the newest events, and fixed queries in SQL.

Every answer is of one exact snapshot (snapshot.py): what was appended before the call is in it, once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec

from karibu.events import engine, snapshot

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FEW = 24  # files
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER, EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
By = Literal["hour", "day", "month", "name", "source", "channel", "type"]

_KEYS: dict[str, str] = {
    "hour": "date_trunc('hour', time)",
    "day": "date_trunc('day', time)",
    "month": "month",
    "name": "name",
    "source": "source",
    "channel": "channel",
    "type": "type",
}


class LoggedEvent(msgspec.Struct, kw_only=True, frozen=True):
    """One event as the log holds it. Times are aware UTC; absent text is empty, an absent customer 0.

    Where only some columns were asked for, the others are as if they were absent.
    """

    message_id: str
    customer: int
    type: str = ""
    name: str
    time: datetime
    received_at: datetime = datetime.min.replace(tzinfo=UTC)
    source: str = ""
    channel: str = ""
    historical: bool = False
    import_id: int = 0
    anonymous_id: str = ""
    user_id: str = ""
    order_id: str = ""
    cart_id: str = ""
    product_id: str = ""
    category: str = ""
    query: str = ""
    value: Decimal | None = None
    currency: str = ""
    quantity: int | None = None
    coupon: str = ""
    campaign: str = ""
    message: int | None = None
    url: str = ""
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    items: list[dict[str, Any]] = msgspec.field(default_factory=list)
    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    traits: dict[str, Any] = msgspec.field(default_factory=dict)
    context: dict[str, Any] = msgspec.field(default_factory=dict)

    def get_absolute_url(self) -> str:
        """Where its page is."""
        microseconds = (self.time - EPOCH) // timedelta(microseconds=1)
        return f"/events/{microseconds}/{quote(self.message_id, safe='')}/"


COLUMNS = LoggedEvent.__struct_fields__
_SELECTED = ", ".join(COLUMNS)
_JSON = ("properties", "traits", "context")


@dataclass(frozen=True)
class Wanted:
    """Which events: all that are given must fit. None asks nothing. since ≤ time < before. None named in `without`.

    `mark` is an id as the shop or the browser gave it: of the message, user, browser, order or cart.
    """

    customers: Collection[int] | None = None
    names: Collection[str] | None = None
    sources: Collection[str] | None = None
    mark: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    without: Collection[str] = ()
    columns: Collection[str] = COLUMNS  # to be read of each; each costs, also where it is empty

    def condition(self) -> tuple[str, dict[str, Any]]:
        """As SQL over `events`, with its parameters."""
        said, parameters = ["true"], dict[str, Any]()
        for column, values in (("customer", self.customers), ("name", self.names), ("source", self.sources)):
            if values is not None:
                said.append(f"{column} IN ({', '.join(f'${column}{i}' for i in range(len(values)))})")
                parameters.update({f"{column}{i}": value for i, value in enumerate(values)})
        if self.without:
            said.append(f"name NOT IN ({', '.join(f'$without{i}' for i in range(len(self.without)))})")
            parameters.update({f"without{i}": name for i, name in enumerate(self.without)})
        if self.mark is not None:
            said.append("$mark IN (message_id, user_id, anonymous_id, order_id, cart_id)")
            parameters["mark"] = self.mark
        for sign, name, moment in ((">=", "since", self.since), ("<", "before", self.before)):
            if moment is not None:
                said.append(f"time {sign} ${name}")
                parameters[name] = moment
        return " AND ".join(said), parameters

    @property
    def asks_nobody(self) -> bool:
        """Whether a list of allowed values is there and empty: nothing can fit then."""
        return any(values is not None and not values for values in (self.customers, self.names, self.sources))


Place = tuple[datetime, str]  # of an event in the order of time: its time and message id


def history(
    customer_ids: Collection[int],
    before: datetime | None = None,
    limit: int = 50,
    names: Collection[str] | None = None,
    without: Collection[str] = (),
    *,
    since: datetime | None = None,
    columns: Collection[str] = COLUMNS,
) -> list[LoggedEvent]:
    """The newest `limit` events of these customers (a person and all that merged into them), newest first.

    `before` (exclusive) pages further back, `since` is how far to look; `names` keeps only these events, `without`
    leaves these out. `columns`: message_id, customer, name and time must be among them.
    """
    wanted = Wanted(customer_ids, names, since=since, before=before, without=without, columns=columns)
    return page(wanted, limit)


def recent(
    limit: int = 50,
    names: Collection[str] | None = None,
    *,
    customers: Collection[int] | None = None,
    sources: Collection[str] | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[LoggedEvent]:
    """The newest `limit` events that fit, newest first, in since ≤ time < before."""
    return page(Wanted(customers, names, sources, since=since, before=before), limit)


def page(wanted: Wanted, limit: int, after: Place | None = None, *, newer: bool = False) -> list[LoggedEvent]:
    """Up to `limit` events behind `after`, newest first; with `newer` those before it, the nearest first."""
    if wanted.asks_nobody:
        return []
    return snapshot.read(lambda taken: _page(taken, wanted, limit, after, newer), wanted.customers)


def total(wanted: Wanted, most: int | None = None) -> int:
    """How many events fit; counting stops at `most` where that is given."""
    if wanted.asks_nobody:
        return 0
    condition, parameters = wanted.condition()
    some = f"SELECT 1 FROM events WHERE {condition}" + (f" LIMIT {int(most)}" if most is not None else "")  # noqa: S608
    counted = query(
        f"SELECT count(*) AS count FROM ({some})",  # noqa: S608
        parameters,
        customers=wanted.customers,
        since=wanted.since,
        until=wanted.before,
    )
    return int(counted["count"][0].as_py())


def find(message_id: str, around: datetime) -> LoggedEvent | None:
    """One event by its message id, where its time is known; None if the log has no such event."""
    since, before = around - timedelta(seconds=1), around + timedelta(seconds=1)
    where = "message_id = $id AND time >= $since AND time < $before"
    sql = f"SELECT {_SELECTED} FROM events WHERE {where} LIMIT 1"  # noqa: S608
    table = query(sql, {"id": message_id, "since": since, "before": before}, since=since, until=before)
    return next(iter(_events(table)), None)


def count(
    by: By | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    names: Collection[str] | None = None,
) -> dict[Any, int]:
    """How many events there are in since ≤ time < until, by the values of `by` (without it under the key None)."""
    key = _KEYS[by] if by else "NULL"
    condition, parameters = Wanted(names=names, since=since, before=until).condition()
    sql = f"SELECT {key} AS key, count(*) AS count FROM events WHERE {condition} GROUP BY ALL ORDER BY key"  # noqa: S608
    counted = query(sql, parameters, since=since, until=until).to_pydict()
    found = dict(zip(counted["key"], counted["count"], strict=True))
    return found or ({} if by else {None: 0})


def query(
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    customers: Collection[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> "pa.Table":
    """Runs a fixed query (never one written by a user) over the view `events`; parameters stand as $name.

    customers, since and until leave out files that cannot matter; the query must still say its conditions.
    """

    def run(taken: snapshot.Snapshot) -> "pa.Table":
        with engine.cursor() as cursor:
            taken.narrowed(customers=customers, since=since, until=until).attach(cursor)
            return cursor.sql(sql, params=dict(parameters or {})).to_arrow_table()

    return snapshot.read(run, customers)


def _page(taken: snapshot.Snapshot, wanted: Wanted, limit: int, after: Place | None, newer: bool) -> list[LoggedEvent]:
    """Looks month by month from where it starts, and stops when there is enough."""
    since, before = wanted.since, wanted.before
    if after and newer:
        since = max(since or after[0], after[0])
    elif after:
        before = min(before or EVER, after[0] + timedelta(microseconds=1))
    taken = taken.narrowed(customers=wanted.customers, since=since, until=before)
    found: list[LoggedEvent] = []
    with engine.cursor() as cursor:
        for first, end in _rounds(taken, wanted, since, before, newer):
            span = taken.narrowed(since=first, until=end)
            found += _part(cursor, span, replace(wanted, since=first, before=end), limit - len(found), after, newer)
            if len(found) >= limit:
                break
    return found


def _part(
    cursor: "duckdb.DuckDBPyConnection",
    taken: snapshot.Snapshot,
    wanted: Wanted,
    limit: int,
    after: Place | None,
    newer: bool,
) -> Sequence[LoggedEvent]:
    condition, parameters = wanted.condition()
    if after:
        condition += f" AND (time, message_id) {'>' if newer else '<'} ($time, $id)"
        parameters |= {"time": after[0], "id": after[1]}
    order = "time, message_id" if newer else "time DESC, message_id DESC"
    events = taken.source(cursor)

    def run(columns: str, where: str) -> "pa.Table":
        sql = f"WITH events AS ({events}) SELECT {columns} FROM events WHERE {where} ORDER BY {order} LIMIT {limit}"  # noqa: S608
        return cursor.execute(sql, parameters).to_arrow_table()

    if wanted.customers is None:
        # How far the page reaches, from the column of times alone: whole events are then read of few row groups.
        times = run("time", condition)["time"]
        if not len(times):
            return []
        condition += f" AND time {'<=' if newer else '>='} $reach"
        parameters["reach"] = times[-1].as_py()
    return _events(run(", ".join(wanted.columns), condition))


def _rounds(
    taken: snapshot.Snapshot, wanted: Wanted, since: datetime | None, before: datetime | None, newer: bool
) -> list[tuple[datetime | None, datetime | None]]:
    """Spans of time in the order in which to look: the first two months of the files, then the rest.

    A few files are quicker read at once: the search by customer leaves little of each.
    """
    if wanted.customers is not None and len(taken.files) <= FEW:
        return [(since, before)]
    starts = sorted({datetime.strptime(f"{file.month}+0000", "%Y-%m%z") for file in taken.files}, reverse=not newer)
    cut = starts[1 + newer] if len(starts) > 2 else None
    if cut is None or not (since or NEVER) < cut < (before or EVER):
        return [(since, before)]
    spans: list[tuple[datetime | None, datetime | None]] = [(cut, before), (since, cut)]
    return spans[::-1] if newer else spans


def _events(table: "pa.Table") -> Sequence[LoggedEvent]:
    return [_event(row) for row in table.to_pylist()]


def _event(row: dict[str, Any]) -> LoggedEvent:
    filled = {name: value for name, value in row.items() if value is not None}
    for name in _JSON:
        if name in filled:
            filled[name] = msgspec.json.decode(filled[name])
    filled["items"] = [{k: v for k, v in item.items() if v is not None} for item in filled.get("items", [])]
    filled.setdefault("customer", 0)
    return LoggedEvent(**filled)
