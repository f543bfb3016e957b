"""What the database knows about the identifiers of a batch: read at once, before anything is decided."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from karibu.customers.evidence import Key
from karibu.customers.links import LinkHistory, Span
from karibu.customers.raw import Cursor


@dataclass
class Known:
    """`owners`: whose each strong identifier is. `named`: which of them have an external id.

    `browsers`: the anonymous ids that are known, with the nameless customer of each (0: none yet);
    `merged`: whom such a nameless customer is part of. `histories`: who used each browser when.
    """

    owners: dict[Key, int] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)
    browsers: dict[str, int] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    histories: dict[str, LinkHistory] = field(default_factory=dict)
    stored: dict[str, list[Span]] = field(default_factory=dict)  # the histories as they were read


def read(raw: Cursor, keys: Iterable[Key], browsers: Iterable[str]) -> Known:
    known = Known()
    _read_owners(raw, sorted(set(keys)), known)
    if names := sorted(set(browsers)):
        _read_browsers(raw, names, known)
        if known.browsers:
            known.histories = read_histories(raw, list(known.browsers))
            known.stored = {name: list(history.spans) for name, history in known.histories.items()}
    return known


# `= ANY`, not a join with unnest(): while the table is young, and PostgreSQL knows nothing of its contents, it would
# read all identities of the kind to join them.
_OWNERS = """
    SELECT i.kind, i.value, i.customer_id, i.kind = 'external' OR EXISTS (
        SELECT 1 FROM customers_identity x WHERE x.customer_id = i.customer_id AND x.kind = 'external')
    FROM customers_identity i WHERE i.kind = %s AND i.value = ANY(%s)
"""


def _read_owners(raw: Cursor, keys: list[Key], known: Known) -> None:
    if not keys:
        return
    values: dict[str, list[str]] = {}
    for kind, value in keys:
        values.setdefault(kind, []).append(value)
    raw.execute(" UNION ALL ".join([_OWNERS] * len(values)), [each for pair in values.items() for each in pair])
    for kind, value, customer_id, named in raw.fetchall():
        known.owners[kind, value] = customer_id
        if named:
            known.named.add(customer_id)


def _read_browsers(raw: Cursor, names: list[str], known: Known) -> None:
    raw.execute(
        # A nameless customer that was erased, or went with an undone import, is none.
        "SELECT i.value, coalesce(c.id, 0), c.merged_into FROM customers_identity i"
        " LEFT JOIN customers_customer c ON c.id = i.own_id AND c.erased_at IS NULL"
        " WHERE i.kind = 'anonymous' AND i.value = ANY(%s)",
        [names],
    )
    for name, own, merged_into in raw.fetchall():
        known.browsers[name] = own
        if merged_into:
            known.merged[own] = merged_into


def read_histories(raw: Cursor, names: list[str]) -> dict[str, LinkHistory]:
    """Who used these browsers when; a browser nobody signed in on is left out."""
    raw.execute(
        "SELECT l.anonymous_id, l.customer_id, l.since, l.until, l.id FROM customers_link l"
        " WHERE l.anonymous_id = ANY(%s) ORDER BY l.anonymous_id, l.since",
        [names],
    )
    histories: dict[str, LinkHistory] = {}
    for name, customer_id, since, until, row in raw.fetchall():
        histories.setdefault(name, LinkHistory()).spans.append(Span(customer_id, since, until, row))
    return histories
