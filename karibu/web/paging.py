"""Keyset paging: a page starts after a remembered row, so that page 20,000 is as quick as page 2.

A cursor is opaque text that holds the key of the last row shown. Rows without a value in the first column come last
in both directions; they are fetched apart, so that an ordinary index on (column, id) serves either way.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
MAXIMUM = 500


class BadCursor(ValueError):
    """The cursor was not made by `encode`, or belongs to another order."""


def page(
    queryset: QuerySet[M], limit: int = 50, cursor: str | None = None, *, key: Sequence[str] = ("-id",)
) -> dict[str, Any]:
    """`{"items": [rows], "next": cursor or None}`, in the order of `key`, whose last column must be unique.

    Raises BadCursor.
    """
    limit = max(1, min(limit, MAXIMUM))
    rows = take(queryset, key, decode(cursor, len(key)) if cursor else None, limit + 1)
    more = len(rows) > limit
    return {"items": rows[:limit], "next": encode(key_of(rows[limit - 1], key)) if more else None}


def take(
    queryset: QuerySet[M],
    key: Sequence[str],
    values: Sequence[Any] | None,
    limit: int,
    *,
    backwards: bool = False,
    fetch: Callable[[QuerySet[M]], Iterable[M]] = iter,
    valued: Q | None = None,
) -> list[M]:
    """Up to `limit` rows behind `values` in the order of `key`; `backwards`: before them, the nearest first.

    `fetch` reads the rows of a queryset that is limited and in order. `valued` is true of all rows that have a value in
    the first column; it names an index that knows only those. Raises BadCursor for values of another order.
    """
    for column, value in zip(key, values or [], strict=False):
        _check(queryset, column.lstrip("-"), value)
    rows: list[M] = []
    for part in _parts(queryset, list(key), values, backwards, valued or Q()):
        rows += fetch(part[: limit - len(rows)])
        if len(rows) >= limit:
            break
    return rows


def key_of(row: Any, key: Sequence[str]) -> list[Any]:
    return [_attribute(row, column.lstrip("-")) for column in key]


def encode(values: Sequence[Any]) -> str:
    text = json.dumps([_pack(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> list[Any]:
    """The key that `encode` was given. Raises BadCursor."""
    try:
        packed = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(packed, list) or len(packed) != length:
            raise BadCursor(cursor)
        return [_unpack(value) for value in packed]
    except (ValueError, RecursionError, binascii.Error, ArithmeticError, KeyError, TypeError):
        raise BadCursor(cursor) from None


def _parts(
    queryset: QuerySet[M], key: list[str], values: Sequence[Any] | None, backwards: bool, valued: Q
) -> Iterator[QuerySet[M]]:
    """The rows with a value in the first column, then those without (the other way round when walking backwards)."""
    first = key[0].lstrip("-")
    if not _is_nullable(queryset, first):
        yield _part(queryset.filter(valued), key, values, backwards)
        return
    with_value = queryset.filter(valued, **{f"{first}__isnull": False})
    without = queryset.filter(**{f"{first}__isnull": True})
    behind_nothing = values is not None and values[0] is None
    if backwards and (behind_nothing or values is None):
        yield _part(without, key[1:], values[1:] if values else None, backwards)
    if backwards or not behind_nothing:
        yield _part(with_value, key, None if behind_nothing else values, backwards)
    if not backwards:
        yield _part(without, key[1:], values[1:] if values and behind_nothing else None, backwards)


def _part(queryset: QuerySet[M], key: list[str], values: Sequence[Any] | None, backwards: bool) -> QuerySet[M]:
    down = [column.startswith("-") is not backwards for column in key]
    names = [column.lstrip("-") for column in key]
    queryset = queryset.order_by(*[("-" if d else "") + name for name, d in zip(names, down, strict=True)])
    return queryset if values is None else queryset.filter(_beyond(names, down, list(values)))


def _beyond(names: list[str], down: list[bool], values: list[Any]) -> Q:
    """Rows behind `values`. The outer bound on the first column is redundant, but lets the index start there."""
    comparison = f"{names[0]}__{'lt' if down[0] else 'gt'}"
    strictly = Q(**{comparison: values[0]})
    if len(names) == 1:
        return strictly
    return Q(**{f"{comparison}e": values[0]}) & (strictly | _beyond(names[1:], down[1:], values[1:]))


def _is_nullable(queryset: QuerySet[Any], path: str) -> bool:
    fields = _fields(queryset, path)
    return not fields or any(field.null for field in fields)  # an annotation may be anything


def _check(queryset: QuerySet[Any], path: str, value: Any) -> None:
    """Whether the column at `path` can hold `value`: anybody may write an address by hand. Raises BadCursor."""
    annotation = queryset.query.annotations.get(path)
    *_way, field = [annotation.output_field] if annotation else _fields(queryset, path) or [None]
    if value is None or field is None:
        return
    try:
        field.get_prep_value(field.to_python(value))
        if b"\x00" in str(value).encode():  # half a surrogate pair cannot be encoded
            raise BadCursor(path)
    except (TypeError, ValueError, ArithmeticError, ValidationError):
        raise BadCursor(path) from None


def _fields(queryset: QuerySet[Any], path: str) -> list[Any]:
    """The model fields along `path`, its own last; none for an annotation."""
    model: Any = queryset.model
    found: list[Any] = []
    for name in path.split("__"):
        try:
            found.append(model._meta.pk if name == "pk" else model._meta.get_field(name))
        except (FieldDoesNotExist, AttributeError):
            return []
        model = found[-1].related_model
    return found


def _attribute(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = row.get(name) if isinstance(row, dict) else getattr(row, name, None)
    return row


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "n": Decimal,
}


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError("a column holds one value")
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    return _READERS[kind](text)
