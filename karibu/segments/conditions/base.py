"""What every kind of condition can do. The kinds are modules with the same slots (see __init__.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope

# Of segments by id, of products and senders by "product:<id>", "journey:<number>" … (naming.py).
Names = Mapping[int | str, str]
NONE: frozenset[Any] = frozenset()


@dataclass(frozen=True)
class Needs:
    """What the answer hangs on. `events` None: events of any name. `columns` are traits as the definition calls them.

    `windows`: the ages at which an event comes into or leaves a window that moves with the clock; `dates`: something
    changes with the shop's calendar day.
    """

    events: frozenset[str] | None = NONE
    columns: frozenset[str] = NONE
    segments: frozenset[int] = NONE
    windows: tuple[timedelta, ...] = ()
    dates: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            None if self.events is None or other.events is None else self.events | other.events,
            self.columns | other.columns,
            self.segments | other.segments,
            tuple(sorted({*self.windows, *other.windows})),
            self.dates or other.dates,
        )

    @staticmethod
    def together(parts: Iterable[Needs]) -> Needs:
        needs = Needs()
        for part in parts:
            needs |= part
        return needs


class Condition(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One condition on a customer; its fields are what the definition may say."""

    KIND: ClassVar[str] = ""

    def check(self, path: str) -> None:
        """Raises DefinitionError for what the types of the fields do not refuse yet."""

    def said(self, denied: bool, names: Names) -> str:
        """ "whose country is RW": a clause that follows "customers"; `denied`: that it is not so."""
        raise NotImplementedError

    def needs(self) -> Needs:
        raise NotImplementedError

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        """Whether it holds for a row of scope.customers, or (`denied`) does not hold.

        Where it does not hold the answer may be NULL instead of false. An unknown condition is NULL both ways.
        """
        raise NotImplementedError

    def raw(self) -> dict[str, Any]:
        """As the definition writes it down, without what is said anyway."""
        written: dict[str, Any] = _plain(self)
        return written


def _plain(value: Any) -> Any:
    """As JSON has it. What equals its default is left out; msgspec's omit_defaults asks texts for identity."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        said = ((field.encode_name, getattr(value, field.name), _default(field)) for field in fields)
        return {name: _plain(each) for name, each, default in said if each != default}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
