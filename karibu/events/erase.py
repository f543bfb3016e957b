"""Taking people, or an import, out of the log for good."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import psycopg

Cursor = psycopg.Cursor[tuple[object, ...]]
Listener = Callable[[Cursor, Sequence[int]], None]
_listeners: list[Listener] = []


@dataclass(frozen=True)
class Mention:
    """What is looked for in the texts of everybody's events, without regard to case: a regular expression.

    It can be found only where one of `words` (lower case) stands, or `rough` matches, or something is escaped: that is
    asked first, being ten times as quick.
    """

    pattern: str
    words: tuple[str, ...] = ()
    rough: str = ""


def listen(listener: Listener) -> None:
    """`listener(cursor, customers)` is told, in the transaction, of whom events were removed or blanked: beside those
    whose erasure it is."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(cursor: Cursor, customers: Sequence[int]) -> None:
    """Tells the listeners, where there is somebody to tell of."""
    for listener in _listeners if customers else ():
        listener(cursor, customers)


def erase(customer_ids: Collection[int], cursor: Cursor, *, mentioned: Sequence[Mention] = ()) -> int:
    """Removes every event of these customers; returns how many. Call it in a transaction (`cursor` is its own).

    `mentioned` takes events of others too: those in whose properties, traits or context one of these is found. (Each
    person is looked for by an expression of their own: one for several takes many times as long as all of these.)

    The files that held them are deleted when it commits. Raises one of lake.TROUBLES when the lake cannot be
    rewritten: roll back then, nothing was changed.
    """
    return _remove("customer", sorted(set(customer_ids) - {0}), cursor, mentioned)


def anonymise(
    customer_ids: Collection[int], cursor: Cursor, *, mentioned: Sequence[Mention], names: Sequence[str]
) -> int:
    """Takes everything that names somebody out of these customers' events, and out of those that mention them.

    What happened stays, under the customer's number; see blank.py. Where even that matches one of `names`,
    regular expressions, the event goes whole. Returns how many were touched. As erase().
    """
    return _remove("customer", sorted(set(customer_ids) - {0}), cursor, mentioned, names)


def forget_names(pattern: str, cursor: Cursor) -> None:
    """Takes what this regular expression finds out of the names that events are counted under."""
    from karibu.events import counts

    counts.forget(cursor, pattern)


def delete_import(import_id: int, cursor: Cursor) -> int:
    """Removes every event that this import brought; returns how many. As erase()."""
    return _remove("import_id", [import_id], cursor)


def _remove(
    column: str,
    values: list[int],
    cursor: Cursor,
    mentioned: Sequence[Mention] = (),
    names: Sequence[str] | None = None,
) -> int:
    from karibu.events import removal  # with the lake's libraries, which a process at rest does not carry

    return removal.remove(removal.Target(column, values, mentioned, names), cursor)
