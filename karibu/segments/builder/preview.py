"""How many, who, where and of which worth: what is told of a definition while it is edited."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from karibu.customers.models import Customer
from karibu.segments import run
from karibu.segments.builder.spread import SOME, Spread, spread
from karibu.segments.definition import Definition, parse
from karibu.segments.hints import hints

PEOPLE = 10
EVERYBODY = parse({"all": []})


@dataclass(frozen=True)
class Preview:
    """`count` of `total` customers, some of them, and how long it took to find them, in milliseconds."""

    count: int
    total: int
    people: Sequence[Customer]
    spread: Spread | None
    took_ms: int
    unknown: Sequence[str]  # why parts of it hold for nobody
    hints: Sequence[str]  # what may be a mistake

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else 0.0


def preview(definition: Definition, key: str, turn: int = 0, *, counted: bool = False) -> Preview:
    """Whom it finds now; `counted`: only how many. A call of a later turn with the same key ends this one.

    Raises run.Cancelled, DefinitionError.
    """
    whole, begun = run.resolve(definition), time.monotonic()
    with run.cancelling(key, turn):
        count, some = (run.count(whole), []) if counted else run.count_and_sample(whole, SOME)
        everybody = run.count(EVERYBODY)  # of the same columns, not of a million rows of PostgreSQL
    took = round((time.monotonic() - begun) * 1000)
    drawn = None if counted else spread(some, count)
    return Preview(count, everybody, _people(some), drawn, took, whole.unknown, hints(whole))


def _people(ids: Sequence[int]) -> list[Any]:
    """Some of them, from the first to the last."""
    some = ids[:: -(-len(ids) // PEOPLE)] if ids else []
    return list(Customer.objects.filter(pk__in=some).select_related("activity").order_by("-spent", "-pk"))
