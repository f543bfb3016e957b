"""Conditions joined: all of them, any of them, or not. A denial goes down to the conditions: unknown ones stay so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.scope import every, some

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope


@dataclass(frozen=True)
class AllOf:
    """Holds for everybody where nothing is listed."""

    parts: tuple[Node, ...]

    def said(self, denied: bool, names: Names) -> str:
        if not self.parts:
            return _("of no kind") if denied else _("of any kind")
        return _joined(_(" or ") if denied else _(" and "), self.parts, denied, names)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        parts = [part.holds(scope, denied) for part in self.parts]
        return some(parts) if denied else every(parts)

    def raw(self) -> dict[str, Any]:
        return {"all": [part.raw() for part in self.parts]}


@dataclass(frozen=True)
class AnyOf:
    """Holds for nobody where nothing is listed."""

    parts: tuple[Node, ...]

    def said(self, denied: bool, names: Names) -> str:
        if not self.parts:
            return _("of any kind") if denied else _("of no kind")
        return _joined(_(" and ") if denied else _(" or "), self.parts, denied, names)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        parts = [part.holds(scope, denied) for part in self.parts]
        return every(parts) if denied else some(parts)

    def raw(self) -> dict[str, Any]:
        return {"any": [part.raw() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    part: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.part,)

    def said(self, denied: bool, names: Names) -> str:
        return self.part.said(not denied, names)

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        return self.part.holds(scope, not denied)

    def raw(self) -> dict[str, Any]:
        return {"not": self.part.raw()}


Node = AllOf | AnyOf | Not | Condition
Joined = (AllOf, AnyOf, Not)


def leaves(node: Node) -> list[Condition]:
    """Its conditions, from left to right."""
    if isinstance(node, Condition):
        return [node]
    return [leaf for part in node.parts for leaf in leaves(part)]


def needs(node: Node) -> Needs:
    return Needs.together(leaf.needs() for leaf in leaves(node))


def _joined(word: str, parts: tuple[Node, ...], denied: bool, names: Names) -> str:
    """Parts that are joined themselves stand in brackets, unless there is nothing beside them."""
    each = [(part, part.said(denied, names)) for part in parts]
    return word.join(f"({said})" if is_joined(part) and len(parts) > 1 else said for part, said in each)


def is_joined(node: Node) -> bool:
    """Whether it says several things."""
    return not isinstance(node, Condition) and (len(node.parts) > 1 or any(map(is_joined, node.parts)))
