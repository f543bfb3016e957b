"""The raw cursor of Django's open transaction, for verbs that work in bulk and are also called one at a time."""

from typing import Any

import psycopg
from django.db import connection

Cursor = psycopg.Cursor[Any]


def cursor() -> Cursor:
    """A psycopg cursor (server-side binding) on Django's connection: the same transaction, the same snapshot."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)
