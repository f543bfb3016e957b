"""Where a rehearsal happens: temporary tables by the names of the real ones, which PostgreSQL finds first.

So stages, doors, engine and steps run unchanged, and see an installation with this one journey and nobody in it. All
else they can read as it is. They cannot write it: each of the transactions is read-only, which PostgreSQL keeps for all
but temporary tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DataError, connection, transaction

from karibu.journeys.models import Journey, Rehearsal, Version

TABLES = ("journeys_journey", "journeys_version", "journeys_enrollment", "journeys_passage", "shop_cart")
MEMORY = "64MB"  # for the tables of one chunk, which else are read from files again and again
# A statement that this connection has prepared before means the table that it found then.
ANEW = "DISCARD PLANS"
_INDEXES = """
    CREATE UNIQUE INDEX ON pg_temp.journeys_enrollment (slot, journey_id, run);
    CREATE UNIQUE INDEX ON pg_temp.journeys_enrollment (id);
    CREATE INDEX ON pg_temp.journeys_enrollment (customer_id);
    CREATE UNIQUE INDEX ON pg_temp.shop_cart (cart_id)"""


@contextmanager
def apart(rehearsal: Rehearsal) -> Iterator[None]:
    """On this connection, until the end, the rehearsed journey is live and nobody has been in it.

    Its version is a number that no published one has, so that what a process keeps of versions is never mistaken.
    """
    journey = Journey.objects.get(pk=rehearsal.journey_id)
    try:
        _make()
        _put_in(journey, rehearsal)
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{table}' for table in TABLES)}")
            cursor.execute(ANEW)


@contextmanager
def unwritable() -> Iterator[None]:
    """A transaction in which nothing but temporary tables can be written."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Each statement is planned for as many rows as it brings: the widest round and the narrowest are not alike.
        cursor.execute("SET LOCAL transaction_read_only = on; SET LOCAL plan_cache_mode = force_custom_plan")
        yield


def count() -> None:
    """PostgreSQL learns how many they are by now: nothing counts temporary tables by itself."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pg_temp.journeys_enrollment")


def empty() -> None:
    """Those who have been told of make room for the next."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pg_temp.journeys_enrollment, pg_temp.journeys_passage, pg_temp.shop_cart")


def version(rehearsal: Rehearsal) -> int:
    return -rehearsal.pk


def _make() -> None:
    with connection.cursor() as cursor:
        # A connection that has had temporary tables before keeps the memory that it had for them.
        with suppress(DataError), transaction.atomic():
            cursor.execute(f"SET temp_buffers = '{MEMORY}'")
        for table in TABLES:
            cursor.execute(f"CREATE TEMP TABLE {table} (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY)")
        cursor.execute(_INDEXES)
        cursor.execute(ANEW)


def _put_in(journey: Journey, rehearsal: Rehearsal) -> None:
    """Through the models, so that a new column gets what it gets elsewhere."""
    journey.status, journey.version, journey.published_at = Journey.Status.LIVE, version(rehearsal), rehearsal.since
    journey.save(force_insert=True)
    Version.objects.create(journey=journey, number=version(rehearsal), definition=rehearsal.definition)
