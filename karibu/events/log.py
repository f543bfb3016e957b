"""Reading the event log: one person's history, counts, the newest events, and fixed queries in SQL.

Every answer is of one exact snapshot (snapshot.py): what was appended before the call is in it, once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from karibu.events import engine, snapshot

if TYPE_CHECKING:
    import pyarrow as pa

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
    """One event as the log holds it. Times are aware UTC; absent text is empty, an absent customer 0."""

    message_id: str
    customer: int
    type: str
    name: str
    time: datetime
    received_at: datetime
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


_SELECTED = ", ".join(LoggedEvent.__struct_fields__)
_JSON = ("properties", "traits", "context")


def history(
    customer_ids: Collection[int],
    before: datetime | None = None,
    limit: int = 50,
    names: Collection[str] | None = None,
) -> list[LoggedEvent]:
    """The newest `limit` events of these customers (a person and all that merged into them), newest first.

    `before` (exclusive) pages further back; `names` keeps only these events.
    """
    return recent(limit, names, customers=customer_ids, before=before)


def recent(
    limit: int = 50,
    names: Collection[str] | None = None,
    *,
    customers: Collection[int] | None = None,
    sources: Collection[str] | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> list[LoggedEvent]:
    """The newest `limit` events that match, newest first, in since ≤ time < before."""
    if customers is not None and not customers:
        return []
    wanted: dict[str, Collection[Any] | None] = {"customer": customers, "name": names, "source": sources}
    return snapshot.read(lambda taken: _newest(taken, wanted, since, before, limit), customers)


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
    where, parameters = _where({"name": names}, since, until)
    table = query(
        f"SELECT {key} AS key, count(*) AS count FROM events WHERE {where} GROUP BY ALL ORDER BY key",  # noqa: S608
        parameters,
        since=since,
        until=until,
    )
    counted = dict(zip(*table.to_pydict().values(), strict=True))
    return counted or ({} if by else {None: 0})


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


def _newest(
    taken: snapshot.Snapshot,
    wanted: Mapping[str, Collection[Any] | None],
    since: datetime | None,
    before: datetime | None,
    limit: int,
) -> list[LoggedEvent]:
    """Looks month by month from the newest back, and stops when there is enough."""
    taken = taken.narrowed(customers=wanted["customer"], since=since, until=before)
    found: list[LoggedEvent] = []
    with engine.cursor() as cursor:
        for first, end in _rounds(taken, since, before):
            where, parameters = _where(wanted, first, end)
            taken.narrowed(since=first, until=end).attach(cursor)
            sql = f"SELECT {_SELECTED} FROM events WHERE {where} ORDER BY time DESC, message_id LIMIT $limit"  # noqa: S608
            parameters["limit"] = limit - len(found)
            found += _events(cursor.sql(sql, params=parameters).to_arrow_table())
            if len(found) >= limit:
                break
    return found


def _rounds(
    taken: snapshot.Snapshot, since: datetime | None, before: datetime | None
) -> list[tuple[datetime | None, datetime | None]]:
    """Spans of time from the newest back: the newest month of the files, the two before it, the rest."""
    starts = sorted({datetime.strptime(f"{file.month}+0000", "%Y-%m%z") for file in taken.files}, reverse=True)
    cuts = [starts[i] for i in (0, 2) if i < len(starts) - 1 and not (since and starts[i] <= since)]
    edges = [before, *cuts, since]
    return [(edges[i + 1], edges[i]) for i in range(len(edges) - 1)]


def _where(
    wanted: Mapping[str, Collection[Any] | None], since: datetime | None, until: datetime | None
) -> tuple[str, dict[str, Any]]:
    conditions, parameters = ["true"], dict[str, Any]()
    for column, values in wanted.items():
        if values is not None:
            places = [f"{column}{i}" for i in range(len(values))]
            conditions.append(f"{column} IN ({', '.join('$' + place for place in places)})")
            parameters.update(zip(places, values, strict=True))
    if since:
        conditions.append("time >= $since")
        parameters["since"] = since
    if until:
        conditions.append("time < $until")
        parameters["until"] = until
    return " AND ".join(conditions), parameters


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
