"""At which hour of their own day a person tends to read: a guess now, learnt later.

A provider is `provider(customer_ids) -> {customer_id: hour}`, hours 0 to 23 of the person's own clock; whom it does
not know it leaves out. The last one registered is asked.
"""

from collections.abc import Callable, Collection

from django.db import connection

from karibu.messages.quiet import zone_of

Provider = Callable[[Collection[int]], dict[int, int]]

_LATEST = """
    SELECT p.id, c.timezone, m.at FROM unnest(%s::bigint[]) AS p(id) JOIN customers_customer c ON c.id = p.id,
    LATERAL (SELECT coalesce(clicked_at, opened_at) AS at FROM messages_message
             WHERE customer_id = p.id AND coalesce(clicked_at, opened_at) IS NOT NULL ORDER BY id DESC LIMIT 1) m"""


def latest(customer_ids: Collection[int]) -> dict[int, int]:
    """The hour at which somebody last followed or opened a message of ours themselves."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [list(customer_ids)])
        return {customer: at.astimezone(zone_of(zone, "UTC")).hour for customer, zone, at in cursor.fetchall()}


_provider: Provider = latest


def register(provider: Provider) -> None:
    global _provider
    _provider = provider


def hours(customer_ids: Collection[int]) -> dict[int, int]:
    return _provider(customer_ids)
