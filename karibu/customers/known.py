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


def _read_owners(raw: Cursor, keys: list[Key], known: Known) -> None:
    if not keys:
        return
    raw.execute(
        "SELECT i.kind, i.value, i.customer_id, i.kind = 'external' OR EXISTS (SELECT 1 FROM customers_identity x"
        " WHERE x.customer_id = i.customer_id AND x.kind = 'external')"
        " FROM unnest(%s::text[], %s::text[]) AS u(kind, value)"
        " JOIN customers_identity i ON i.kind = u.kind AND i.value = u.value",
        [[kind for kind, _ in keys], [value for _, value in keys]],
    )
    for kind, value, customer_id, named in raw.fetchall():
        known.owners[kind, value] = customer_id
        if named:
            known.named.add(customer_id)


def _read_browsers(raw: Cursor, names: list[str], known: Known) -> None:
    raw.execute(
        # A nameless customer that was erased, or went with an undone import, is none.
        "SELECT i.value, coalesce(c.id, 0), c.merged_into FROM unnest(%s::text[]) AS u(value)"
        " JOIN customers_identity i ON i.kind = 'anonymous' AND i.value = u.value"
        " LEFT JOIN customers_customer c ON c.id = i.own_id AND c.erased_at IS NULL",
        [names],
    )
    for name, own, merged_into in raw.fetchall():
        known.browsers[name] = own
        if merged_into:
            known.merged[own] = merged_into


def read_histories(raw: Cursor, names: list[str]) -> dict[str, LinkHistory]:
    """Who used these browsers when; a browser nobody signed in on is left out."""
    raw.execute(
        "SELECT l.anonymous_id, l.customer_id, l.since, l.until, l.id FROM unnest(%s::text[]) AS u(name)"
        " JOIN customers_link l ON l.anonymous_id = u.name ORDER BY l.anonymous_id, l.since",
        [names],
    )
    histories: dict[str, LinkHistory] = {}
    for name, customer_id, since, until, row in raw.fetchall():
        histories.setdefault(name, LinkHistory()).spans.append(Span(customer_id, since, until, row))
    return histories
