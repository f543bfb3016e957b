"""What the log says of a period, as far as one journey listens: its events, person by person, in the order of time.

Two people who never had the same cart have nothing to do with each other; those who had are one *party*. Parties can be
told one after another, in any number at once. Everything here is columns, whatever the number of events.
"""

import io
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from karibu.customers.raw import cursor
from karibu.events import engine, log
from karibu.events.event import Event
from karibu.events.log import EPOCH
from karibu.journeys import live
from karibu.journeys.definition import Definition
from karibu.journeys.events import PROMOTED, SHARED_KEYS, EventRule
from karibu.journeys.rehearsal.times import MOMENT, comers
from karibu.journeys.steps.wait_for import WaitFor
from karibu.segments.membership import ENTERED, LEFT

ORDERED = "Order Completed"
CHUNK = 50_000  # events told in one go
BUSY = 200  # a party with more events is told after the others, so that these need few rounds
TOLD = 150_000  # events: of more, one party in so many is told, which takes a minute and says the same
MOST = 5_000  # a party with more is no person: left out, and said so
ALWAYS = ("product_id", *sorted(SHARED_KEYS))  # what a run's context holds of each event


@dataclass(frozen=True)
class Past:
    """`rows` stand by party and moment, each with its `rank` within the party. `mates` are all of the party, for each
    customer who is not alone in it."""

    rows: pa.Table
    mates: Mapping[int, Sequence[int]]
    imported: int  # events that a file brought: told as if they had come when they happened
    left_out: int  # parties with too many events
    one_in: int = 1  # one party of so many is in it, drawn by chance

    def chunks(self) -> Iterator["Past"]:
        """Whole parties, about CHUNK events each."""
        starts = pc.indices_nonzero(pc.equal(self.rows["rank"], 0)).to_pylist()
        first = 0
        while first < len(starts):
            later = bisect_left(starts, starts[first] + CHUNK)
            end = starts[later] if later < len(starts) else len(self.rows)
            yield replace(self, rows=self.rows.slice(starts[first], end - starts[first]))
            first = later


def read(
    definition: Definition, since: datetime, until: datetime, most: int | None = None, stand_in: int | None = None
) -> Past:
    """What it listens to in since ≤ time < until, of people who did what brings them in; about `most` events."""
    happened = log.query(_sql(definition), _parameters(definition, since, until), since=since, until=until)
    with engine.cursor() as own:
        own.register("happened", happened)
        own.register("comers", comers(definition, since, until, stand_in))
        own.register("merged", _merged())
        own.execute(_KNOWN_TODAY)
        mates = _mates(own, definition.entry.key)
        parties = [(customer, party[0]) for customer, party in mates.items()]
        own.register("mates", pa.table(_columns(parties), schema=_PAIRS))
        own.execute(_PARTIES)
        [[left_out, known]] = own.sql(_SIZES).fetchall()
        one_in = -(-known // most) if most and known > most else 1
        rows = own.sql(_ORDERED, params=[one_in]).to_arrow_table()
    return Past(rows, mates, int(pc.sum(rows["historical"]).as_py() or 0), left_out, one_in)


def names(definition: Definition) -> frozenset[str]:
    """The events that the journey listens to, and those that carts end with."""
    heard = {name for rule in _rules(definition) for name in rule.names}
    if segments(definition):
        heard |= {ENTERED, LEFT}
    if definition.entry.key == "cart_id":
        heard.add(ORDERED)
    return frozenset(heard)


def told(rows: pa.Table) -> list[Event]:
    """Rows as events that come at their moment, none of them imported."""
    columns = {name: _values(rows[name]) for name in rows.column_names}
    named = [name for name in columns if name in PROMOTED]
    found = []
    for n in range(len(rows)):
        promoted = {name: value for name in named if (value := columns[name][n]) is not None}
        event = Event(
            message_id="", type="track", name=columns["name"][n], time=columns["time"][n],
            received_at=columns["moment"][n], source_id=0, customer_id=columns["customer"][n], **promoted,
        )  # fmt: skip
        if "properties" in columns:
            event.properties_json = (columns["properties"][n] or "").encode()
        found.append(event)
    return found


def _values(column: pa.ChunkedArray) -> list[Any]:
    """As to_pylist(), which takes four times as long for moments."""
    if column.type != MOMENT:
        return list(column.to_pylist())
    return [EPOCH + timedelta(microseconds=n) for n in column.cast(pa.int64()).to_pylist()]


# --- what is asked of the log -----------------------------------------------------------------------------------------


def segments(definition: Definition) -> frozenset[int]:
    """Those whose entries and exits matter to it."""
    ends = [definition.goal, *definition.exits]
    named = [definition.entry.segment, *(end.segment for end in ends if end)]
    return frozenset(number for number in named if number is not None)


def _rules(definition: Definition) -> Sequence[EventRule]:
    waits = [step.happens for step in definition.steps if isinstance(step, WaitFor)]
    rules = [definition.entry, *definition.exits, *([definition.goal] if definition.goal else []), *waits]
    return [rule for rule in rules if rule.names]


def _asked(definition: Definition) -> set[str]:
    """The properties whose values matter."""
    conditions = {condition.property for rule in _rules(definition) for condition in rule.where}
    form = ["form"] if definition.entry.form else []
    return {*conditions, *live.asked(definition), *form, *filter(None, [definition.entry.key])}


def _sql(definition: Definition) -> str:
    asked = _asked(definition)
    columns = [*sorted({*ALWAYS, *(asked & PROMOTED)})]
    if asked - PROMOTED:
        columns.append("properties")
    heard = ", ".join(f"$name{n}" for n in range(len(names(definition))))
    crossed = ", ".join(str(number) for number in sorted(segments(definition))) or "NULL"
    return (
        "SELECT customer, name, time, CASE WHEN historical THEN time ELSE received_at END AS moment, historical, "  # noqa: S608
        f"CASE WHEN name IN ($entered, $left) THEN {_SEGMENT} END AS segment, {_opens(definition)} AS opens, "
        f"{', '.join(columns)} FROM events WHERE name IN ({heard or 'NULL'}) AND customer > 0 "
        f"AND time >= $since AND time < $until AND (name NOT IN ($entered, $left) OR {_SEGMENT} IN ({crossed}))"
    )


_SEGMENT = "try_cast(split_part(message_id, '-', 2) AS INTEGER)"  # of the events that membership.py makes


def _opens(definition: Definition) -> str:
    """Whether an event can bring somebody in."""
    entry = definition.entry
    if entry.segment is not None:
        return f"name = {'$left' if entry.left else '$entered'} AND {_SEGMENT} = {int(entry.segment)}"
    return f"name IN ({', '.join(f'$opens{n}' for n in range(len(entry.names)))})" if entry.names else "false"


def _parameters(definition: Definition, since: datetime, until: datetime) -> dict[str, Any]:
    heard = {f"name{n}": name for n, name in enumerate(sorted(names(definition)))}
    opens = {f"opens{n}": name for n, name in enumerate(definition.entry.names)}
    return {**heard, **opens, "entered": ENTERED, "left": LEFT, "since": since, "until": until}


# --- who belongs together ---------------------------------------------------------------------------------------------

_PAIRS = pa.schema([("id", pa.int64()), ("person", pa.int64())])
_KNOWN_TODAY = """
    CREATE OR REPLACE TEMP TABLE known AS
    SELECT told.* REPLACE (coalesce(person, customer) AS customer) FROM (
        FROM happened UNION ALL BY NAME
        SELECT *, '' AS name, moment AS time, false AS historical, true AS opens FROM comers) AS told
    LEFT JOIN merged ON merged.id = told.customer"""
# From each party's first chance to enter on.
_PARTIES = """
    CREATE OR REPLACE TEMP TABLE parties AS
    SELECT *, count(*) OVER (PARTITION BY party) AS size FROM (
        SELECT *, min(moment) FILTER (opens) OVER (PARTITION BY party) AS first FROM (
            SELECT known.*, coalesce(person, customer) AS party FROM known LEFT JOIN mates ON mates.id = customer))
    WHERE moment >= first"""
_SIZES = f"""
    SELECT count(DISTINCT party) FILTER (size > {MOST}), count(*) FILTER (size <= {MOST})
    FROM parties"""  # noqa: S608 - numbers of ours
# Parties stand in no order that means anything: the first of them are as good as any others.
_ORDERED = f"""
    SELECT * EXCLUDE (opens, first, size),
        row_number() OVER (PARTITION BY party ORDER BY moment, time, name, comes) - 1 AS rank
    FROM parties WHERE size <= {MOST} AND hash(party) % $1 = 0
    ORDER BY size > {BUSY}, hash(party), party, rank"""  # noqa: S608 - as above


_MERGED = "COPY (SELECT id, merged_into FROM customers_customer WHERE merged_into IS NOT NULL) TO STDOUT (FORMAT csv)"


def _merged() -> pa.Table:
    """Who was merged is whom they were merged into, as live where the merge moves their runs."""
    with cursor().copy(_MERGED) as copy:
        written = b"".join(copy)
    if not written:
        return _PAIRS.empty_table()
    names = pyarrow.csv.ReadOptions(column_names=_PAIRS.names)
    return pyarrow.csv.read_csv(io.BytesIO(written), read_options=names).cast(_PAIRS)


def _mates(own: duckdb.DuckDBPyConnection, key: str) -> dict[int, Sequence[int]]:
    """Whoever had a cart that somebody else had, too: with all whom that leads to, in order of id."""
    if key not in SHARED_KEYS:
        return {}
    shared = own.sql(
        f"SELECT list(DISTINCT customer) FROM known WHERE {key} IS NOT NULL GROUP BY {key} "  # noqa: S608
        "HAVING count(DISTINCT customer) > 1"
    ).fetchall()
    parties: dict[int, set[int]] = {}
    for (customers,) in shared:
        together = set(customers).union(*(parties.get(customer, ()) for customer in customers))
        parties.update(dict.fromkeys(together, together))
    return {customer: sorted(together) for customer, together in parties.items()}


def _columns(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    return [[pair[n] for pair in pairs] for n in (0, 1)]
