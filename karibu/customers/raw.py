"""The raw cursor of Django's open transaction, for verbs that work in bulk and are also called one at a time."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from django.db import connection
from django.db.models import Model
from django.db.models.base import ModelState
from psycopg.types.json import set_json_loads

from karibu.events.arrays import with_bulk_arrays

Cursor = psycopg.Cursor[Any]
Row = TypeVar("Row", bound=Model)


def cursor() -> Cursor:
    """A psycopg cursor (server-side binding) on Django's connection: the same transaction, the same snapshot."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)


def planned() -> Cursor:
    """The same, for a statement that is said again and again: with `prepare=True` the server keeps its plan.

    On a connection that Django has opened `prepare` does nothing by itself.
    """
    found = cursor()
    found.connection.prepare_threshold = 3
    return found


def objects(model: type[Row], columns: Sequence[str], query: str, *values: object) -> list[Row]:
    """The rows of a query for these columns as objects of the model, in a fifth of the ORM's time.

    Of other columns nothing is known: whoever asks for one asks the database, row by row.
    """
    return [_made(model, columns, row) for row in rows(query, *values)]


def rows(query: str, *values: object) -> list[tuple[Any, ...]]:
    """What a query finds; lists among the values, and the rows, travel in binary."""
    own = with_bulk_arrays(cursor())
    set_json_loads(msgspec.json.decode, own)
    with connection.wrap_database_errors:
        return own.execute(query, values, binary=True).fetchall()


def _made(model: type[Row], columns: Sequence[str], row: Sequence[object]) -> Row:
    """What `Model.from_db` makes, which asks of every column of the model whether it is among these."""
    one = model.__new__(model)
    one.__dict__.update(zip(columns, row, strict=True))
    one._state = ModelState()
    one._state.adding, one._state.db = False, connection.alias
    return one
