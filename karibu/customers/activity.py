"""When people were last seen: written at most once a minute for each, because it changes with nearly every event."""

from datetime import UTC, datetime

from karibu.customers.raw import Cursor
from karibu.events.event import Event

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def see(raw: Cursor, events: list[Event], now: datetime) -> None:
    """Takes the times of these events into Activity; a clock that runs ahead counts as now.

    To stand on an imported list is not to be seen: it only makes the first entry of somebody who was never seen.
    """
    first: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    seen: set[int] = set()
    for event in events:
        time = event.time if event.time < now else now
        customer_id = event.customer_id
        if not (event.import_id and event.type == "identify"):
            seen.add(customer_id)
        if time < first.get(customer_id, now):
            first[customer_id] = time
        if time > last.get(customer_id, _LONG_AGO):
            last[customer_id] = time
        if event.recorded_as:
            first[event.recorded_as] = min(first.get(event.recorded_as, time), time)
            last[event.recorded_as] = max(last.get(event.recorded_as, time), time)
            seen.add(event.recorded_as)
    last.pop(0, None)
    if not last:
        return
    ids = sorted(last)
    raw.execute(
        "INSERT INTO customers_activity (customer_id, first_seen, last_seen)"
        " SELECT u.id, u.first, u.last FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[],"
        " %s::bool[]) AS u(id, first, last, is_seen) LEFT JOIN customers_activity a ON a.customer_id = u.id"
        " WHERE a.customer_id IS NULL OR is_seen AND (u.last >= a.last_seen + interval '1 minute'"
        " OR u.first < a.first_seen)"
        " ORDER BY u.id ON CONFLICT (customer_id) DO UPDATE SET"
        " first_seen = least(customers_activity.first_seen, excluded.first_seen),"
        " last_seen = greatest(customers_activity.last_seen, excluded.last_seen)",
        [ids, [first.get(each, now) for each in ids], [last[each] for each in ids], [each in seen for each in ids]],
    )
