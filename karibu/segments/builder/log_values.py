"""What the log holds of late: which properties an event has, and which values they take. Kept a minute."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from karibu.events import log
from karibu.segments.conditions.where import OF_ITEMS, PROMOTED, check_name
from karibu.segments.faults import DefinitionError

LATELY, LOOKED_AT, MOST, KEPT = timedelta(days=90), 2000, 60, 60.0
_kept: dict[tuple[str, ...], tuple[float, list[str]]] = {}


def properties(event: str) -> list[str]:
    """The properties beyond the promoted ones that events of this name had lately, the most frequent first."""
    sql = f"""
        SELECT key FROM (SELECT unnest(json_keys(properties)) AS key FROM (
            SELECT properties FROM events WHERE name = $event AND time >= $since AND properties IS NOT NULL
            LIMIT {LOOKED_AT})) GROUP BY key ORDER BY count(*) DESC, key LIMIT {MOST}"""  # noqa: S608 - numbers only
    return _lately(("properties", event), lambda: _asked(sql, event))


def values(event: str, name: str) -> list[str]:
    """The values that a property of such events took lately, the most frequent first. None of what cannot be a name:
    it may be half typed."""
    try:
        check_name(name, "$")
    except DefinitionError:
        return []
    return _lately(("values", event, name), lambda: _asked(_values_sql(name), event, **_path(name)))


def _values_sql(name: str) -> str:
    told = "name = $event AND time >= $since"
    parts = []
    if name in PROMOTED:
        parts.append(f"SELECT CAST({name} AS VARCHAR) AS value FROM events WHERE {told}")  # noqa: S608 - a known name
    if name in OF_ITEMS:
        item = f"SELECT unnest(items) AS item FROM events WHERE {told}"  # noqa: S608
        parts.append(f"SELECT CAST(item.{name} AS VARCHAR) AS value FROM ({item})")  # noqa: S608
    if not parts:
        parts.append(f"SELECT json_extract_string(properties, $path) AS value FROM events WHERE {told}")  # noqa: S608
    union = " UNION ALL ".join(parts)
    return f"SELECT value FROM ({union}) WHERE value <> '' GROUP BY value ORDER BY count(*) DESC, value LIMIT {MOST}"  # noqa: S608


def _path(name: str) -> dict[str, str]:
    """The parameter of a property that is found by its path in the JSON."""
    if name in PROMOTED or name in OF_ITEMS:
        return {}
    return {"path": "$" + "".join(f'."{part}"' for part in name.split("."))}


def _asked(sql: str, event: str, **parameters: str) -> list[str]:
    since = datetime.now(UTC) - LATELY
    table = log.query(sql, {"event": event, "since": since, **parameters}, since=since)
    return [str(value) for value in table.column(0).to_pylist()]


def _lately(key: tuple[str, ...], ask: Callable[[], list[str]]) -> list[str]:
    kept = _kept.get(key)
    if kept is None or time.monotonic() - kept[0] > KEPT:
        if len(_kept) > 500:
            _kept.clear()
        kept = _kept[key] = (time.monotonic(), ask())
    return kept[1]


def forget() -> None:
    """Asks anew next time: a value may have been an erased person's."""
    _kept.clear()
