"""Writing a plan down under locks, in bulk: a statement for each kind of row, none where there is nothing to write.

Locks are taken in order: identifiers by (kind, value), then customers by id. Whoever finds that the world changed
since the plan was made raises Outdated, and the stage plans again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from karibu.customers import activity, known, merging, search, traits
from karibu.customers.evidence import Evidence, Key, guesses, how
from karibu.customers.links import Span
from karibu.customers.merging import Pair
from karibu.customers.plan import Place, Plan
from karibu.customers.raw import Cursor
from karibu.customers.traits import Said
from karibu.events.event import Event

BY = "identify"


class Outdated(Exception):
    """Another transaction changed what the plan was built on."""


@dataclass(frozen=True)
class Taken:
    """The events of a batch with what they say and where they belong, side by side."""

    events: list[Event]
    evidence: list[Evidence]
    places: list[Place]


def write(raw: Cursor, plan: Plan, taken: Taken, now: datetime) -> None:
    """Stores what the plan decided and tells each event its customer. Raises Outdated."""
    numbers = _number(raw, plan)
    _tell(plan, taken, numbers)
    said = list(_said(taken))
    _write_identities(raw, plan, numbers)
    _lock_browsers(raw, plan)
    _lock_customers(raw, plan, taken)
    born = _born_merged(plan)
    whole = _write_customers(raw, plan, numbers, said, born)
    _write_merges(raw, plan, numbers, born, now)
    _write_links(raw, plan, numbers)
    _write_suggestions(raw, plan, numbers, now)
    spoken_of = traits.record(raw, said, whole)
    _refresh_search(raw, plan, numbers, spoken_of, whole)
    activity.see(raw, taken.events, now)


def _tell(plan: Plan, taken: Taken, numbers: dict[int, int]) -> None:
    for event, place in zip(taken.events, taken.places, strict=True):
        event.customer_id = _real(plan, numbers, place.customer_id)
        own = numbers.get(place.own, place.own)
        event.recorded_as = own if own != event.customer_id else 0


def _real(plan: Plan, numbers: dict[int, int], customer_id: int) -> int:
    root = plan.find(customer_id)
    return numbers.get(root, root)


def _number(raw: Cursor, plan: Plan) -> dict[int, int]:
    """Ids for those new customers that remain: a person found to be another leaves no row, a browser's own does."""
    owns = set(plan.owns.values())
    lasting = [number for number in plan.fresh if number in owns or plan.find(number) == number]
    if not lasting:
        return {}
    raw.execute(
        # OFFSET 0: the sequence is looked up once, not for each number.
        "SELECT nextval(own.sequence) FROM (SELECT pg_get_serial_sequence('customers_customer', 'id')::regclass"
        " AS sequence OFFSET 0) own, generate_series(1, %s)",
        [len(lasting)],
    )
    return dict(zip(lasting, (row[0] for row in raw.fetchall()), strict=True))


def _write_identities(raw: Cursor, plan: Plan, numbers: dict[int, int]) -> None:
    rows = []
    for (kind, value), attached in sorted(plan.attached.items()):
        own = numbers.get(plan.owns.get(value, 0)) if kind == "anonymous" else None
        customer_id = _real(plan, numbers, attached.customer_id)
        event = attached.event
        rows.append((kind, value, customer_id, event.source, how(event), event.time, own))
    if rows:
        raw.execute(
            "INSERT INTO customers_identity (kind, value, customer_id, source, evidence, first_seen, own_id)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],"
            " %s::bigint[]) ON CONFLICT (kind, value) DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)],
        )
        if raw.rowcount != len(rows):
            raise Outdated
    _write_owns(raw, plan, numbers)


def _write_owns(raw: Cursor, plan: Plan, numbers: dict[int, int]) -> None:
    """Browsers that were known by a sign-in alone and now show something from before it."""
    late = sorted(name for name in plan.owns if ("anonymous", name) not in plan.attached)
    if late:
        raw.execute(
            "UPDATE customers_identity i SET own_id = u.own FROM unnest(%s::text[], %s::bigint[]) AS u(value, own)"
            " WHERE i.kind = 'anonymous' AND i.value = u.value AND NOT EXISTS ("
            "SELECT 1 FROM customers_customer c WHERE c.id = i.own_id AND c.erased_at IS NULL)",
            [late, [numbers[plan.owns[name]] for name in late]],
        )
        if raw.rowcount != len(late):
            raise Outdated


def _lock_browsers(raw: Cursor, plan: Plan) -> None:
    """Histories are read, changed and written: one at a time for each browser."""
    names = sorted(name for name in plan.changed if ("anonymous", name) not in plan.attached)
    if not names:
        return
    raw.execute(
        "SELECT 1 FROM customers_identity WHERE kind = 'anonymous' AND value = ANY(%s) ORDER BY value FOR UPDATE",
        [names],
    )
    now_stored = known.read_histories(raw, names)
    for name in names:
        spans = now_stored[name].spans if name in now_stored else []
        if spans != plan.known.stored.get(name, []):
            raise Outdated


def _lock_customers(raw: Cursor, plan: Plan, taken: Taken) -> None:
    """Who is merged is locked against everyone, who is changed against changes, who is named against merging."""
    pairs = [*plan.merges, *plan.moved]
    merged = {customer_id for pair in pairs for customer_id in (pair.winner, pair.loser)}
    told = {
        plan.find(place.customer_id) for place, found in zip(taken.places, taken.evidence, strict=True) if found.said
    }
    told |= {plan.find(attached.customer_id) for key, attached in plan.attached.items() if key[0] != "anonymous"}
    told -= merged
    named = {plan.find(place.customer_id) for place in taken.places}
    moved = {pair.loser for pair in plan.moved}
    _lock(raw, merged - moved, "FOR UPDATE")
    _lock(raw, told, "FOR NO KEY UPDATE")
    _lock(raw, named - merged - told, "FOR KEY SHARE")


def _lock(raw: Cursor, customer_ids: Iterable[int], strength: str) -> None:
    existing = sorted(customer_id for customer_id in customer_ids if customer_id > 0)
    if not existing:
        return
    raw.execute(
        "SELECT count(*) FROM (SELECT 1 FROM customers_customer WHERE id = ANY(%s)"  # noqa: S608 - one of three words
        f" AND merged_into IS NULL AND erased_at IS NULL ORDER BY id {strength}) AS locked",
        [existing],
    )
    if raw.fetchone() != (len(existing),):
        raise Outdated


def _born_merged(plan: Plan) -> dict[int, Pair]:
    """Browsers' own customers who are new, and part of somebody at once: nothing of theirs has to follow."""
    pairs = [*plan.merges, *plan.moved]
    winners, losers = {pair.winner for pair in pairs}, {pair.loser for pair in pairs}
    return {
        pair.loser: pair
        for pair in plan.merges
        if pair.loser in plan.fresh and pair.loser not in winners and pair.winner not in losers
    }


# What a browser guesses (tongue, clock) stands where nobody told better.
_NEW = """
    INSERT INTO customers_customer (id, name, email, phone, country, city, language, timezone, traits, first_source,
        import_id, created_at, is_anonymous, search, merged_into, orders, spent)
    SELECT id, name, email, phone, country, city, coalesce(language, tongue), coalesce(zone, clock), others::jsonb,
        source, import_id, at, nameless, array_to_tsvector(string_to_array(nullif(words, ''), ' ')), winner, 0, 0
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::bool[], %s::text[],
            %s::bigint[])
        AS u(id, name, email, phone, country, city, language, zone, others, tongue, clock, source, import_id, at,
            nameless, words, winner)
"""


def _write_customers(
    raw: Cursor, plan: Plan, numbers: dict[int, int], said: list[Said], born: dict[int, Pair]
) -> set[int]:
    """Writes the new customers; returns those that are whole with it, their traits and search words included.

    Each writing of a row again writes it into ten indexes again. Who is merged later is settled by the merge.
    """
    if not numbers:
        return set()
    later = [pair for pair in (*plan.merges, *plan.moved) if pair.loser not in born]
    merged = {plan.find(each) for pair in later for each in (pair.winner, pair.loser)}
    whole = {customer_id for number, customer_id in numbers.items() if plan.find(number) not in merged}
    known = traits.columns_of(word for word in said if word.customer_id in whole)
    named = _named(plan, numbers)
    rows = []
    for number, customer_id in numbers.items():
        event, told = plan.fresh[number], known.get(customer_id) or traits.NOTHING
        name, email, phone, *_ = told
        words = search.lexemes(name, named[customer_id], email, phone) if customer_id in whole else ""
        by = (*guesses(event), event.source, event.import_id or None, event.time, number in plan.nameless)
        winner = _real(plan, numbers, born[number].winner) if number in born else None
        rows.append([customer_id, *told, *by, words, winner])
    raw.execute(_NEW, [list(column) for column in zip(*rows, strict=True)])
    return whole


def _named(plan: Plan, numbers: dict[int, int]) -> dict[int, list[Key]]:
    """The new strong identifiers of each customer."""
    named: dict[int, list[Key]] = defaultdict(list)
    for key, attached in plan.attached.items():
        if key[0] != "anonymous":
            named[_real(plan, numbers, attached.customer_id)].append(key)
    return named


def _write_merges(raw: Cursor, plan: Plan, numbers: dict[int, int], born: dict[int, Pair], now: datetime) -> None:
    if plan.moved:
        raw.execute(
            "SELECT id FROM customers_merge WHERE loser = ANY(%s) AND undone_at IS NULL ORDER BY id",
            [[pair.loser for pair in plan.moved]],
        )
        merging.undo_many(raw, [row[0] for row in raw.fetchall()], by=BY)
    if born:
        merging.write_down(raw, [_numbered(plan, numbers, pair) for pair in born.values()], by=BY, now=now)
    if later := [pair for pair in (*plan.merges, *plan.moved) if pair.loser not in born]:
        merging.merge_many(raw, [_numbered(plan, numbers, pair) for pair in later], by=BY, now=now)


def _numbered(plan: Plan, numbers: dict[int, int], pair: Pair) -> Pair:
    winner = _real(plan, numbers, pair.winner) if pair.winner < 0 else pair.winner
    return Pair(winner, numbers.get(pair.loser, pair.loser), pair.reason)


def _write_links(raw: Cursor, plan: Plan, numbers: dict[int, int]) -> None:
    """New spans are added, known ones stretched; whose a browser is now follows its last span."""
    names = sorted(plan.changed)
    spans = [(name, span) for name in names for span in plan.known.histories[name].spans]
    added = [(n, _real(plan, numbers, s.customer_id), s.since, s.until) for n, s in spans if not s.row]
    stored = {span.row: span for spans_ in plan.known.stored.values() for span in spans_}
    stretched = [(s.row, s.since, s.until) for _, s in spans if s.row and (s.since, s.until) != _times(stored[s.row])]
    if stretched:
        raw.execute(
            "UPDATE customers_link l SET since = u.since, until = u.until"
            " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS u(id, since, until) WHERE l.id = u.id",
            [list(column) for column in zip(*stretched, strict=True)],
        )
    if added:
        raw.execute(
            "INSERT INTO customers_link (anonymous_id, customer_id, since, until)"
            " SELECT * FROM unnest(%s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])",
            [list(column) for column in zip(*added, strict=True)],
        )
        raw.execute(
            "UPDATE customers_identity i SET customer_id = l.customer_id FROM (SELECT DISTINCT ON (anonymous_id)"
            " anonymous_id, customer_id FROM customers_link WHERE anonymous_id = ANY(%s)"
            " ORDER BY anonymous_id, since DESC) AS l WHERE i.kind = 'anonymous' AND i.value = l.anonymous_id"
            " AND i.customer_id <> l.customer_id",
            [[row[0] for row in added]],
        )


def _times(span: Span) -> tuple[datetime, datetime]:
    return span.since, span.until


def _write_suggestions(raw: Cursor, plan: Plan, numbers: dict[int, int], now: datetime) -> None:
    rows = set()
    for one, other, kind in plan.suggestions:
        left, right = sorted((_real(plan, numbers, one), _real(plan, numbers, other)))
        if left != right:
            rows.add((left, right, kind, now))
    if rows:
        raw.execute(
            "INSERT INTO customers_suggestion (one, other, kind, at, status, decided_by)"
            " SELECT l, r, kind, at, 'open', '' FROM"
            " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[]) AS u(l, r, kind, at)"
            " ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*sorted(rows), strict=True)],
        )


def _said(taken: Taken) -> Iterable[Said]:
    for event, found in zip(taken.events, taken.evidence, strict=True):
        if found.said and event.customer_id:
            source = f"import {event.import_id}" if event.import_id else event.source
            for strength, spelled in found.said:
                for name, value in spelled.items():
                    yield Said(event.customer_id, name, value, source, strength, event.time)


def _refresh_search(raw: Cursor, plan: Plan, numbers: dict[int, int], spoken_of: list[int], whole: set[int]) -> None:
    strong = (attached.customer_id for key, attached in plan.attached.items() if key[0] != "anonymous")
    changed = {*spoken_of, *(_real(plan, numbers, customer_id) for customer_id in strong)} - whole
    if changed:
        search.refresh(raw, sorted(changed))
