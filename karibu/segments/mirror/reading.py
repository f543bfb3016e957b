"""The customers' columns as they are in PostgreSQL now.

What the statements of source.py give is brought together here, by customer: a join of tables that were never counted is
where a planner goes wrong.
"""

from collections.abc import Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from karibu.consents.statement import EVERYTHING, FILE
from karibu.customers.raw import cursor as raw_cursor
from karibu.events import engine
from karibu.events.arrays import with_bulk_arrays
from karibu.segments import columns as named
from karibu.segments.mirror import source
from karibu.segments.mirror.source import Part, Some, copied, is_trait, schema

# As consents.queries.in_force() has it, for every topic that something was said about.
_IN_FORCE = f"""
    WITH topics AS (SELECT DISTINCT id, channel, topic FROM said),
    heard AS (
        SELECT t.id, t.channel, t.topic, s.status, s.strength, s.moment FROM topics t
        JOIN said s ON s.id = t.id AND s.channel = t.channel AND s.topic IN (t.topic, '{EVERYTHING}')
    ), withdrawn AS (
        SELECT id, channel, topic, max(moment) AS moment, max(strength) AS strength FROM heard
        WHERE status = 'withdrawn' GROUP BY ALL
    ), judged AS (
        SELECT h.id, h.channel || '/' || h.topic || '/' AS what, bool_or(h.status = 'given' AND (
            w.moment IS NULL OR (h.moment > w.moment AND h.strength >= w.strength AND h.strength > {FILE}))) AS given
        FROM heard h LEFT JOIN withdrawn w USING (id, channel, topic) GROUP BY ALL
    )
    SELECT id, list(what || CASE WHEN given THEN 'given' ELSE 'withdrawn' END ORDER BY what) AS consents
    FROM judged GROUP BY id"""  # noqa: S608 - our own constants
LISTS = pa.list_(pa.string())
_BLOCKED = """
    SELECT a.id, list(DISTINCT s.channel ORDER BY s.channel) AS suppressed
    FROM addresses a JOIN suppressions s ON s.value = a.address GROUP BY a.id"""


def rows(ids: Collection[int], columns: Collection[str] | None = None) -> pa.Table:
    """The columns of these customers (all, or these and `id`), now, by id. Who was merged or erased has no row."""
    return read(Some(ids=ids), columns)


def family(ids: Collection[int]) -> pa.Table:
    """Everybody who is one person with one of these today: `id`, and `person`, whom they all became."""
    statement = sql.SQL(
        "SELECT f.id, coalesce(f.merged_into, f.id) FROM customers_customer f WHERE f.id = ANY({roots}::bigint[]) "
        "UNION SELECT f.id, f.merged_into FROM customers_customer f WHERE f.merged_into = ANY({roots}::bigint[])"
    ).format(roots=source.listed(roots(ids)))
    return copied(statement, {"id": pa.int64(), "person": pa.int64()}).sort_by("id")


def roots(ids: Collection[int]) -> list[int]:
    """Who these are today, each once."""
    cursor = with_bulk_arrays(raw_cursor())
    cursor.execute(
        "SELECT DISTINCT coalesce(merged_into, id) FROM customers_customer WHERE id = ANY(%s::bigint[]) ORDER BY 1",
        [list(ids)],
    )
    return [row[0] for row in cursor.fetchall()]


def read(some: Some, columns: Collection[str] | None = None) -> pa.Table:
    """As rows(). Traits that nobody had before get their columns, when all columns are asked for."""
    said = _said(some, columns)
    if columns is None and said is not None:
        named.give_columns(pc.unique(said["trait"]).cast(pa.string()).to_pylist())
    wanted = named.some(columns)
    base = source.CUSTOMERS.read(some)
    found = {name: base[name] for name in base.column_names}
    for part in _others(wanted):
        found |= aligned(base["id"], part.read(some))
    if "consents" in wanted:
        found["consents"] = _lists(base["id"], _in_force(source.CONSENTS.read(some)))
    if "suppressed" in wanted:
        found["suppressed"] = _lists(base["id"], _blocked(base))
    if said is not None:
        found |= _spread(base["id"], said, wanted)
    return pa.table({name: found[name] for name in wanted}, schema=schema(wanted))


def _said(some: Some, columns: Collection[str] | None) -> pa.Table | None:
    """The traits that are asked for, a row for each that somebody has; None where none is."""
    if columns is None:
        return source.TRAITS.read(some)
    names = [name for name, number in named.trait_numbers().items() if f"t{number}" in columns]
    return source.traits(names).read(some) if names else None


def _others(wanted: Collection[str]) -> list[Part]:
    """What has to be read beside the customers themselves for these columns."""
    known = [
        source.ORDERS,
        source.CARTS,
        source.RFM,
        *(Part([column], said) for column, said in named.predictions().items()),
    ]
    return [part for part in known if not set(part.columns).isdisjoint(wanted)]


def aligned(ids: pa.ChunkedArray, part: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The other columns of `part`, a row for each of `ids`; empty for who is not in it."""
    places = pc.index_in(ids, part["id"])
    return {name: part[name].take(places) for name in part.column_names[1:]}


def _lists(ids: pa.ChunkedArray, part: pa.Table | None) -> pa.ChunkedArray:
    """The lists in the second column of `part`, one for each of `ids`; empty ones for who is not in it."""
    found = part if part is not None else pa.table({"id": pa.array([], pa.int64()), "list": pa.array([], LISTS)})
    lists = pa.chunked_array([*found.column(1).cast(LISTS).chunks, pa.array([[]], LISTS)], LISTS)
    return lists.take(pc.fill_null(pc.index_in(ids, found["id"]), pa.scalar(len(found), pa.int32())))


def _in_force(said: pa.Table) -> pa.Table | None:
    if not len(said):
        return None
    with engine.cursor() as duck:
        duck.register("said", said)
        return duck.sql(_IN_FORCE).to_arrow_table()


def _blocked(base: pa.Table) -> pa.Table | None:
    """Which channels one of a customer's addresses is blocked on; an address is compared as it is normalised."""
    addresses = pa.concat_tables([_addresses(base, column) for column in ("email", "phone")])
    if not len(addresses):
        return None
    asked = sql.SQL(source.SUPPRESSIONS).format(sql.Literal(pc.unique(addresses["address"]).to_pylist()))
    suppressions = copied(asked, {"channel": pa.string(), "value": pa.string()})
    if not len(suppressions):
        return None
    with engine.cursor() as duck:
        duck.register("addresses", addresses)
        duck.register("suppressions", suppressions)
        return duck.sql(_BLOCKED).to_arrow_table()


def _addresses(base: pa.Table, column: str) -> pa.Table:
    have = base.select(["id", column]).filter(pc.is_valid(base[column]))
    return pa.table({"id": have["id"], "address": pc.utf8_lower(pc.utf8_trim_whitespace(have[column]))})


def _spread(ids: pa.ChunkedArray, said: pa.Table, wanted: Collection[str]) -> dict[str, pa.Array]:
    """From one row for each trait of each customer to one column for each trait in `wanted`."""
    numbers = named.trait_numbers()
    nothing = pa.nulls(len(ids), pa.string())
    found: dict[str, pa.Array] = {name: nothing for name in wanted if is_trait(name)}
    for trait, places, values in _by_trait(ids, said):
        column = f"t{numbers.get(trait)}"
        if column in found:
            found[column] = pc.scatter(values, places, max_index=len(ids) - 1)
    return found


def _by_trait(ids: pa.ChunkedArray, said: pa.Table) -> Iterable[tuple[str, pa.Array, pa.Array]]:
    """Each trait that somebody has, the places in `ids` of those who have it, and their values."""
    # The customers were read a moment apart: who is new since then waits for the next time.
    places = pc.index_in(said["id"], ids)
    known = said.append_column("place", places).filter(pc.is_valid(places)).unify_dictionaries().combine_chunks()
    if not len(known):
        return
    traits = known["trait"].chunk(0)
    known = known.set_column(1, "trait", traits.indices).sort_by("trait")
    where, values = known["place"].combine_chunks(), known["value"].combine_chunks()
    first = 0
    for code, count in _runs(known["trait"]):
        yield traits.dictionary[code].as_py(), where.slice(first, count), values.slice(first, count)
        first += count


def _runs(codes: pa.ChunkedArray) -> list[tuple[int, int]]:
    """Each code and how often it stands there."""
    return sorted((pair["values"], pair["counts"]) for pair in pc.value_counts(codes).to_pylist())
