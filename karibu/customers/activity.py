"""When people were last seen: written at most once a minute for each, because it changes with nearly every event."""

from datetime import datetime

from karibu.customers.raw import Cursor
from karibu.events.event import Event


def see(raw: Cursor, events: list[Event], now: datetime) -> None:
    """Takes the times of these events into Activity; a clock that runs ahead counts as now."""
    first: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    for event in events:
        time = min(event.time, now)
        for customer_id in {event.customer_id, event.recorded_as} - {0}:
            first[customer_id] = min(first.get(customer_id, time), time)
            last[customer_id] = max(last.get(customer_id, time), time)
    if not first:
        return
    ids = sorted(first)
    raw.execute(
        "INSERT INTO customers_activity (customer_id, first_seen, last_seen)"
        " SELECT u.id, u.first, u.last FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[])"
        " AS u(id, first, last) LEFT JOIN customers_activity a ON a.customer_id = u.id"
        " WHERE a.customer_id IS NULL OR u.last >= a.last_seen + interval '1 minute' OR u.first < a.first_seen"
        " ORDER BY u.id ON CONFLICT (customer_id) DO UPDATE SET"
        " first_seen = least(customers_activity.first_seen, excluded.first_seen),"
        " last_seen = greatest(customers_activity.last_seen, excluded.last_seen)",
        [ids, [first[customer_id] for customer_id in ids], [last[customer_id] for customer_id in ids]],
    )
