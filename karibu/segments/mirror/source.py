"""What is read of PostgreSQL for the customers' columns: table by table, in bulk, as Arrow.

It comes as CSV by COPY, which pyarrow reads: no value becomes a Python object.
"""

import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.csv as pc_csv
from psycopg import sql

from karibu.customers.raw import cursor as raw_cursor
from karibu.segments import columns as named

TYPES: dict[str, pa.DataType] = {
    "int64": pa.int64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "float64": pa.float64(),
    "decimal(18, 2)": pa.decimal128(18, 2),
    "decimal(18, 4)": pa.decimal128(18, 4),
    "array<string>": pa.list_(pa.string()),
    named.MOMENT: pa.timestamp("us", "UTC"),
}
_PARSING = pc_csv.ParseOptions(newlines_in_values=True)


@dataclass(frozen=True)
class Some:
    """Some customers: these, or all with first < id ≤ last."""

    ids: Collection[int] | None = None
    first: int = 0
    last: int = 0

    def where(self, key: str) -> sql.Composable:
        """The condition on the column `key`."""
        column = sql.SQL(key)
        if self.ids is None:
            return sql.SQL("{} > {} AND {} <= {}").format(column, self.first, column, self.last)
        return sql.SQL("{} = ANY({}::bigint[])").format(column, listed(self.ids))


@dataclass(frozen=True)
class Part:
    """A statement with the condition {who}, which gives the customer's id and then these columns."""

    columns: Sequence[str]
    statement: str
    key: str = "customer_id"
    types: dict[str, pa.DataType] = field(default_factory=dict)  # of columns that are not the mirror's

    def read(self, some: Some) -> pa.Table:
        types = {"id": pa.int64()} | {name: self.types.get(name) or type_of(name) for name in self.columns}
        statement = sql.SQL(self.statement).format(who=some.where(self.key))
        return copied(statement, types)


_LISTED = "{who} AND c.merged_into IS NULL AND c.erased_at IS NULL"
_TEXTS = ("name", "email", "phone", "country", "city", "language", "timezone", "first_source")
_SPOKEN = ", ".join(f"nullif(c.{text}, '')" for text in _TEXTS)
CUSTOMERS = Part(
    (*_TEXTS, "created_at", "is_anonymous", "orders", "spent", "last_order_at"),
    f"SELECT c.id, {_SPOKEN}, c.created_at, c.is_anonymous, c.orders, c.spent, c.last_order_at"  # noqa: S608
    f" FROM customers_customer c WHERE {_LISTED} ORDER BY c.id",
    key="c.id",
)
ORDERS = Part(
    ["first_order_at"],
    "SELECT customer_id, min(placed_at) FROM shop_order"
    " WHERE {who} AND status IN ('placed', 'refunded') GROUP BY customer_id",
)
CARTS = Part(
    ["open_cart_value", "open_cart_at"],
    "SELECT DISTINCT ON (customer_id) customer_id, value, updated_at FROM shop_cart"
    " WHERE {who} AND status = 'open' ORDER BY customer_id, updated_at DESC, id DESC",
)
RFM = Part(
    ["rfm", "rfm_recency", "rfm_frequency", "rfm_monetary"],
    'SELECT customer_id, "group", recency, frequency, monetary FROM segments_rfm WHERE {who}',
)
CONSENTS = Part(
    ["channel", "topic", "status", "strength", "moment"],
    "SELECT customer_id, channel, topic, status, strength, at FROM consents_consent"
    " WHERE {who} AND status <> 'pending'",
    types={
        "channel": pa.string(),
        "topic": pa.string(),
        "status": pa.string(),
        "strength": pa.int64(),
        "moment": pa.timestamp("us", "UTC"),
    },
)
TRAITS = Part(
    ["trait", "value"],
    "SELECT c.id, e.key, e.value FROM customers_customer c, jsonb_each_text(c.traits) AS e"  # noqa: S608
    f" WHERE {_LISTED} AND c.traits <> '{{{{}}}}' AND e.value IS NOT NULL",
    key="c.id",
    types={"trait": pa.dictionary(pa.int32(), pa.string()), "value": pa.string()},
)
FEW_TRAITS = 20  # are looked up in a customer's traits one by one; of more, all are unpacked


def traits(names: Collection[str]) -> Part:
    """As TRAITS, of these traits alone."""
    if len(names) > FEW_TRAITS:
        return TRAITS
    listed = ", ".join(sql.Literal(name).as_string().replace("{", "{{").replace("}", "}}") for name in sorted(names))
    statement = (
        "SELECT c.id, e.key, c.traits ->> e.key FROM customers_customer c,"  # noqa: S608 - quoted
        f" unnest(ARRAY[{listed}]::text[]) AS e(key) WHERE {_LISTED} AND c.traits ->> e.key IS NOT NULL"
    )
    return Part(TRAITS.columns, statement, TRAITS.key, TRAITS.types)


MERGED = Part(
    ["person"],
    "SELECT c.id, c.merged_into FROM customers_customer c WHERE {who} AND c.merged_into IS NOT NULL ORDER BY c.id",
    key="c.id",
    types={"person": pa.int64()},
)
SUPPRESSIONS = """SELECT channel, value FROM consents_suppression
    WHERE lifted_at IS NULL AND value = ANY({})"""


def copied(statement: sql.Composable, types: dict[str, pa.DataType]) -> pa.Table:
    """What a query gives, with columns of these types in its order."""
    text = io.BytesIO()
    with raw_cursor().copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(statement)) as copy:
        for block in copy:
            text.write(block)
    if not text.tell():
        return pa.schema(list(types.items())).empty_table()
    text.seek(0)
    # An empty text is "", what is not there is nothing.
    reading = pc_csv.ConvertOptions(
        column_types=types,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    naming = pc_csv.ReadOptions(use_threads=False, column_names=list(types), block_size=2**22)
    return pc_csv.read_csv(text, naming, _PARSING, reading)


def listed(ids: Iterable[int]) -> sql.Literal:
    """An array in its text: psycopg would look at each of thousands."""
    return sql.Literal(f"{{{','.join(map(str, ids))}}}")


def schema(columns: Iterable[str]) -> pa.Schema:
    return pa.schema([(name, type_of(name)) for name in columns])


def type_of(column: str) -> pa.DataType:
    if column in named.FIXED:
        return TYPES[named.FIXED[column]]
    return pa.string() if is_trait(column) else pa.float64()


def is_trait(column: str) -> bool:
    return column[0] == "t" and column[1:].isdecimal()
