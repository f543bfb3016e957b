"""What is known of a customer as columns: their names and types, for those who write them and those who ask for them.

Types are ibis' names. What is not known is NULL; `consents` and `suppressed` are never NULL, but empty. A trait's value
is text: of a text the text, of a number or a truth its JSON, of a list or an object its JSON.

`consents` has an entry "channel/topic/status" for each topic of a channel that something was said about, with what is
in force (consents.queries.in_force). What holds for a topic that nothing was said about says the entry of topic "*".
"""

import hashlib
import json
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from django.db import connection, transaction

from karibu.segments.models import TraitColumn

MOMENT = "timestamp('UTC', 6)"
FIXED: dict[str, str] = {
    "id": "int64",
    "name": "string",
    "email": "string",
    "phone": "string",
    "country": "string",
    "city": "string",
    "language": "string",
    "timezone": "string",
    "first_source": "string",
    "created_at": MOMENT,
    "is_anonymous": "boolean",
    "orders": "int64",
    "spent": "decimal(18, 2)",
    "last_order_at": MOMENT,
    "first_order_at": MOMENT,
    "open_cart_value": "decimal(18, 4)",  # of the cart that was changed last, in its own currency
    "open_cart_at": MOMENT,  # when it was
    "consents": "array<string>",
    "suppressed": "array<string>",  # the channels that one of the person's addresses is blocked on
    "rfm": "string",
    "rfm_recency": "int64",
    "rfm_frequency": "int64",
    "rfm_monetary": "int64",
}
MOST = 2000  # traits that have a column: a shop that puts ids into names of traits must not fill the disk
LONGEST = 200  # characters of a trait's name
SAMPLE = 3000  # customers, the newest of those with a name, whose traits are looked at for suggestions
SHOWN = 10  # values of a trait that are suggested
_EDITION = 2  # count up when the files' contents change in a way that their columns do not show

_predictions: dict[str, str] = {}


class KnownTrait(NamedTuple):
    """A trait that somebody has. `kind`: text, number, date, truth or list, as most of its values look."""

    name: str
    column: str
    kind: str
    values: list[str]  # the most frequent first


def register_prediction(name: str, statement: str) -> None:
    """`p_<name>` becomes a column. `statement` selects (customer_id, score) with the condition {who} on customer_id.

    Whoever writes scores tells touched.touch() whose changed.
    """
    _predictions[name] = statement


def predictions() -> dict[str, str]:
    """{column: statement} of all that are registered."""
    return {f"p_{name}": statement for name, statement in _predictions.items()}


def columns() -> dict[str, str]:
    """{name: ibis type} of every column that there is now."""
    return standing() | dict.fromkeys((f"t{number}" for number in trait_numbers().values()), "string")


def standing() -> dict[str, str]:
    """{name: ibis type} of the columns that every shop has: all but those of traits. Asks nothing."""
    return FIXED | dict.fromkeys(predictions(), "float64")


def some(wanted: Collection[str] | None) -> list[str]:
    """All columns, or `id` and these. PostgreSQL is asked which there are only where one of a trait is wanted."""
    known = standing()
    if wanted is None or not known.keys() >= set(wanted):
        known = columns()
    return [name for name in known if wanted is None or name in wanted or name == "id"]


def column_of(trait: str) -> str | None:
    """The column of a trait: its own, or one of the fixed ones (`country`); None when nobody has it."""
    return places([trait]).get(trait)


def places(traits: Collection[str]) -> dict[str, str]:
    """As column_of() for many at once; those that nobody has are left out."""
    numbers = trait_numbers() if set(traits) - FIXED.keys() else {}
    own = {trait: f"t{numbers[trait]}" for trait in traits if trait in numbers}
    return own | {trait: trait for trait in traits if trait in FIXED}


def trait_numbers() -> dict[str, int]:
    """{trait: number of its column}, read once as long as no trait is added."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(max(number), 0) FROM segments_traitcolumn")
        return _numbers(connection.settings_dict["NAME"], *cursor.fetchone())


@lru_cache(maxsize=2)
def _numbers(database: str, count: int, last: int) -> dict[str, int]:
    return dict(TraitColumn.objects.values_list("name", "number"))


def give_columns(names: Collection[str]) -> dict[str, int]:
    """As trait_numbers(), after those of `names` that are new got a column, as long as there are fewer than MOST.

    Names that are too long (somebody wrote them at the database's own prompt) get none. A file of the mirror has the
    columns up to some number: so nobody gives one while a transaction that gave a smaller one has not ended.
    """
    known = trait_numbers()
    new = sorted(name for name in set(names) - set(known) if len(name) <= LONGEST)[: max(MOST - len(known), 0)]
    if not new:
        return known
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE segments_traitcolumn IN SHARE ROW EXCLUSIVE MODE")
        TraitColumn.objects.bulk_create([TraitColumn(name=name) for name in new], ignore_conflicts=True)
    return trait_numbers()


def shape() -> str:
    """A digest of the columns that all files have; columns of traits may come later."""
    said = json.dumps([_EDITION, FIXED, sorted(_predictions)])
    return hashlib.sha256(said.encode()).hexdigest()


def traits() -> list[KnownTrait]:
    """Every trait with a column, by name, with the values that it has most often among the newest customers."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, [SAMPLE, SHOWN])
        seen = {name: (values, kind) for name, values, kind in cursor.fetchall()}
    numbers = sorted(trait_numbers().items())
    return [KnownTrait(name, f"t{n}", *reversed(seen.get(name, ([], "text")))) for name, n in numbers]


_SAMPLE = r"""
    WITH said AS (
        SELECT e.key, e.value, jsonb_typeof(e.value) AS type, e.value #>> '{}' AS text FROM (
            SELECT traits FROM customers_customer
            WHERE merged_into IS NULL AND erased_at IS NULL AND NOT is_anonymous ORDER BY id DESC LIMIT %s
        ) AS newest, jsonb_each(newest.traits) AS e
    ), counted AS (
        SELECT key, text, CASE
            WHEN type = 'number' THEN 'number' WHEN type = 'boolean' THEN 'truth' WHEN type = 'array' THEN 'list'
            WHEN text ~ '^\d{4}-\d\d-\d\d($|[T ])' THEN 'date' WHEN text ~ '^-?\d+(\.\d+)?$' THEN 'number'
            ELSE 'text' END AS kind, count(*) AS times
        FROM said WHERE type <> 'null' GROUP BY 1, 2, 3
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY key ORDER BY times DESC, text) AS place FROM counted
    )
    SELECT key, array_agg(left(text, 200) ORDER BY place) FILTER (WHERE place <= %s),
           (SELECT k.kind FROM counted k WHERE k.key = p.key GROUP BY 1 ORDER BY sum(k.times) DESC, 1 LIMIT 1)
    FROM placed p GROUP BY key"""
