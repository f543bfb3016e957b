"""Log lines that hold no personal data: what an exception says is left out, since it quotes rows, addresses, values.

The type and the lines of code stay; of a database's error also its code and constraint, of the system's its own words.
"""

import logging
import traceback
from types import TracebackType

import psycopg

Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """As logging.Formatter, with exceptions told without their messages."""

    def formatException(self, ei: Info) -> str:
        error = ei[1]
        told: list[str] = []
        while error is not None and len(told) < 10:
            told.append("".join(traceback.format_tb(error.__traceback__)) + _name(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(reversed(told))


def _name(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, psycopg.Error):
        return " ".join(filter(None, [kind, error.sqlstate, error.diag.constraint_name]))
    if isinstance(error, OSError) and error.strerror:
        return f"{kind}: {error.strerror}"
    return kind
