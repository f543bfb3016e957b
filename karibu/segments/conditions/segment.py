"""Who is in another segment: `{"segment": 3}`. Definition.resolved() puts that one's definition in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.faults import DefinitionError
from karibu.segments.scope import unknown

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope


class Segment(Condition, frozen=True):
    """Unresolved it is unknown: neither this nor its denial holds for anybody."""

    KIND: ClassVar[str] = "segment"

    segment: int

    def check(self, path: str) -> None:
        if not 0 < self.segment < 2**63:
            raise DefinitionError(f"{path}.segment", _("Expected the number of a segment."))

    def said(self, denied: bool, names: Names) -> str:
        name = names.get(self.segment)
        called = f"“{name}”" if name else str(self.segment)
        said = _("who are not in segment %(segment)s") if denied else _("who are in segment %(segment)s")
        return said % {"segment": called}

    def needs(self) -> Needs:
        return Needs(segments=frozenset([self.segment]))

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        return unknown()
