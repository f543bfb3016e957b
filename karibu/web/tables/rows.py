"""Where a list's rows come from: a queryset, or anything that can answer the same four questions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from django.db.models import QuerySet

from karibu.web import paging


@dataclass(frozen=True)
class Slice:
    """The rows behind `after` in the order of `key` (columns, "-" for downwards, the last one unique)."""

    key: tuple[str, ...]
    limit: int
    after: list[Any] | None = None
    backwards: bool = False


class Rows(Protocol):
    """Rows after search and filters. `take` with `backwards` gives the rows before, the nearest first."""

    def take(self, wanted: Slice) -> list[Any]: ...

    def key_of(self, row: Any, key: Sequence[str]) -> list[Any]: ...

    def count(self, most: int | None = None) -> int:
        """How many there are; counting stops at `most` where that is given."""
        ...


@dataclass(frozen=True)
class QuerysetRows:
    queryset: QuerySet[Any]

    def only(self, ids: Collection[int]) -> Self:
        """Those of them that were ticked."""
        return replace(self, queryset=self.queryset.filter(pk__in=ids))

    def take(self, wanted: Slice) -> list[Any]:
        return paging.take(self.queryset, wanted.key, wanted.after, wanted.limit, backwards=wanted.backwards)

    def key_of(self, row: Any, key: Sequence[str]) -> list[Any]:
        return paging.key_of(row, key)

    def count(self, most: int | None = None) -> int:
        plain = self.queryset.order_by().select_related(None)
        if most is None:
            return plain.count()
        return plain.values("pk")[:most].count()
