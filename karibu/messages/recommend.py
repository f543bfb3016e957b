"""Which products a person may like: providers are asked one after the other, for a whole group at once.

`register(name, provider)` puts a better one in front. The two that are always there: what was bought together with
what lies in the cart, was ordered, or was bought before; and what sells most. Nobody is shown what they bought lately
or what is out of stock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from karibu.shop.stock import sold_out

COUNT = 12  # of one person
LATELY = timedelta(days=180)


@dataclass
class Asked:
    """One person in one message: what it is about, and what must not be shown."""

    key: int
    customer_id: int
    seeds: set[str] = field(default_factory=set)
    never: set[str] = field(default_factory=set)


Provider = Callable[[Sequence[Asked]], Mapping[int, Sequence[str]]]
_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """`provider(asked) -> {asked.key: product ids, best first}`; those registered last are asked first."""
    _providers[name] = provider


def products_for(asked: Sequence[Asked]) -> dict[int, list[str]]:
    """Up to COUNT products each, best first."""
    _add_what_was_bought(asked)
    found: dict[int, list[str]] = {one.key: [] for one in asked}
    for provider in reversed(_providers.values()):
        wanting = [one for one in asked if len(found[one.key]) < COUNT]
        if not wanting:
            break
        for key, products in provider(wanting).items():
            found[key] += products
        gone = sold_out({product for one in wanting for product in found[one.key]})
        for one in wanting:
            fitting = (p for p in dict.fromkeys(found[one.key]) if p not in one.never and p not in gone)
            found[one.key] = list(fitting)[:COUNT]
    return found


def _add_what_was_bought(asked: Sequence[Asked]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT o.customer_id, l.product_id FROM shop_order o JOIN shop_orderline l ON l.order_id = o.id
               WHERE o.customer_id = ANY(%s) AND o.placed_at > %s AND l.product_id <> ''""",
            [[one.customer_id for one in asked], timezone.now() - LATELY],
        )
        bought: dict[int, set[str]] = {}
        for customer, product in cursor.fetchall():
            bought.setdefault(customer, set()).add(product)
    for one in asked:
        mine = bought.get(one.customer_id, set())
        one.never |= mine | one.seeds
        one.seeds = one.seeds or mine


def bought_together(asked: Sequence[Asked]) -> dict[int, list[str]]:
    pairs = [(one.key, seed) for one in asked for seed in sorted(one.seeds)[:50]]
    found: dict[int, list[str]] = {}
    if not pairs:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.key, p.other_id FROM unnest(%s::bigint[], %s::text[]) AS a(key, seed)
               JOIN messages_pairing p ON p.product_id = a.seed
               GROUP BY a.key, p.other_id ORDER BY a.key, sum(p.score) DESC, p.other_id""",
            [list(column) for column in zip(*pairs, strict=True)],
        )
        for key, product in cursor.fetchall():
            found.setdefault(key, []).append(product)
    return found


def popular(asked: Sequence[Asked]) -> dict[int, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT other_id FROM messages_pairing WHERE product_id = '' ORDER BY score DESC, other_id")
        best = [row[0] for row in cursor.fetchall()]
    return {one.key: best for one in asked}


register("popular", popular)
register("bought together", bought_together)

# How often two products are in one order, against how often each is at all (cosine); orders of a whole warehouse say
# nothing of taste and would be squared here.
_PAIRS = """
    WITH line AS (
        SELECT DISTINCT l.order_id, l.product_id FROM shop_orderline l JOIN shop_order o ON o.id = l.order_id
        WHERE o.placed_at > %(since)s AND o.status = 'placed' AND l.product_id <> ''),
    small AS (SELECT order_id FROM line GROUP BY order_id HAVING count(*) BETWEEN 2 AND 30),
    sold AS (SELECT product_id, count(*) AS n FROM line GROUP BY product_id),
    pair AS (
        SELECT a.product_id, b.product_id AS other_id, count(*) AS n
        FROM line a JOIN small USING (order_id) JOIN line b USING (order_id)
        WHERE a.product_id <> b.product_id GROUP BY 1, 2),
    ranked AS (
        SELECT pair.product_id, pair.other_id, pair.n / sqrt(one.n::float * other.n) AS score,
            row_number() OVER (PARTITION BY pair.product_id
                ORDER BY pair.n / sqrt(one.n::float * other.n) DESC, pair.other_id) AS place
        FROM pair JOIN sold one ON one.product_id = pair.product_id JOIN sold other ON other.product_id = pair.other_id)
    INSERT INTO messages_pairing (product_id, other_id, score)
    SELECT product_id, other_id, score FROM ranked WHERE place <= 24
    UNION ALL (SELECT '', product_id, n FROM sold ORDER BY n DESC, product_id LIMIT 50)"""


def refresh() -> int:
    """Reckons from the last year's orders what is bought together and what sells most; returns the pairs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM messages_pairing")
        cursor.execute(_PAIRS, {"since": timezone.now() - timedelta(days=365)})
        return int(cursor.rowcount)
