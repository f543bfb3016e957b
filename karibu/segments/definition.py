"""A segment, written down: validated data that can be stored, edited, said as a sentence and asked of an engine.

    {"all": [c, …]} | {"any": [c, …]} | {"not": c} | c        c: a kind of `conditions/`, one module each

Three values: an unknown condition (a deleted segment, a prediction that nobody registered, a kind of a newer version)
is neither true nor false, nor is its denial; `any` with a true part holds all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from karibu.segments import conditions, limits
from karibu.segments.conditions import Unknown
from karibu.segments.conditions.base import Names, Needs
from karibu.segments.conditions.combined import AllOf, AnyOf, Joined, Node, Not, leaves, needs
from karibu.segments.conditions.segment import Segment
from karibu.segments.faults import DefinitionError

Lookup = Callable[[int], Mapping[str, Any] | None]  # the definition of a segment; None: deleted or archived
_DEEP = 3 * limits.DEPTH  # with the segments that it names


@dataclass(frozen=True)
class Definition:
    tree: Node

    @cached_property
    def raw(self) -> dict[str, Any]:
        """As it is written down, without what goes without saying."""
        return self.tree.raw()

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits; the same for definitions that are written the same but for order of keys."""
        canonical = json.dumps(self.raw, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]

    @cached_property
    def needs(self) -> Needs:
        return needs(self.tree)

    @property
    def unknown(self) -> list[str]:
        """Why parts of it cannot be judged, a sentence each."""
        return [leaf.reason for leaf in leaves(self.tree) if isinstance(leaf, Unknown)]

    def sentence(self, names: Names | None = None) -> str:
        """The whole definition in words; `names` are those of the segments, products and senders in it."""
        return _("Customers %(clause)s.") % {"clause": self.tree.said(denied=False, names=names or {})}

    def resolved(self, lookup: Lookup) -> Definition:
        """With the definitions of other segments in their places; those that are gone become unknown.

        Raises DefinitionError for a segment that contains itself, and for what is too large when put together.
        """
        found = Definition(_Resolving(lookup).resolved(self.tree, "$", (), 0))
        if len(leaves(found.tree)) > limits.CONDITIONS_TOGETHER:
            raise _too_many("$", limits.CONDITIONS_TOGETHER)
        return found


def parse(raw: object) -> Definition:
    """The definition that `raw` (decoded JSON) writes down. Raises DefinitionError, which names the path."""
    limits.check(raw)
    return Definition(_Parsing().node(raw, "$", 0))


class _Parsing:
    def __init__(self) -> None:
        self.conditions = self.groups = 0

    def node(self, raw: object, path: str, depth: int) -> Node:
        if depth > limits.DEPTH:
            raise limits.too_deep(path)
        if not isinstance(raw, dict):
            raise DefinitionError(path, _("Expected an object: a condition, or “all”, “any” or “not”."))
        if len(raw) == 1 and not raw.keys().isdisjoint(("all", "any", "not")):
            [(word, inner)] = raw.items()
            return self._group(word, inner, path, depth)
        return self._condition(raw, path)

    def _group(self, word: str, inner: object, path: str, depth: int) -> Node:
        self.groups += 1
        if self.groups > limits.GROUPS:
            raise _too_many(path, limits.GROUPS, groups=True)
        if word == "not":
            return Not(self.node(inner, f"{path}.not", depth + 1))
        parts = self._nodes(inner, f"{path}.{word}", depth + 1)
        return AllOf(parts) if word == "all" else AnyOf(parts)

    def _nodes(self, raw: object, path: str, depth: int) -> tuple[Node, ...]:
        if not isinstance(raw, list):
            raise DefinitionError(path, _("Expected a list of conditions."))
        return tuple(self.node(part, f"{path}[{i}]", depth) for i, part in enumerate(raw))

    def _condition(self, raw: dict[str, Any], path: str) -> Node:
        if {"all", "any"} & raw.keys():
            raise DefinitionError(path, _("“all” and “any” stand alone in their object."))
        self.conditions += 1
        if self.conditions > limits.CONDITIONS:
            raise _too_many(path, limits.CONDITIONS)
        return conditions.parse(raw, path)


def _too_many(path: str, most: int, *, groups: bool = False) -> DefinitionError:
    if groups:
        return DefinitionError(path, _("These are too many groups of conditions: at most %(n)s.") % {"n": most})
    return DefinitionError(path, _("These are too many conditions: at most %(n)s.") % {"n": most})


class _Resolving:
    """Each segment is looked up once, however often it is named."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._known: dict[int, Node] = {}
        self._conditions = self._groups = 0

    def resolved(self, node: Node, path: str, within: tuple[int, ...], depth: int) -> Node:
        """`within`: the segments whose definitions we are in, the outermost first."""
        if depth > _DEEP:
            raise limits.too_deep(path)
        self._count(node, path)
        if isinstance(node, AllOf | AnyOf):
            word = "all" if isinstance(node, AllOf) else "any"
            parts = [self.resolved(p, f"{path}.{word}[{i}]", within, depth + 1) for i, p in enumerate(node.parts)]
            return type(node)(tuple(parts))
        if isinstance(node, Not):
            return Not(self.resolved(node.part, f"{path}.not", within, depth + 1))
        return self._segment(node, path, within, depth) if isinstance(node, Segment) else node

    def _count(self, node: Node, path: str) -> None:
        if isinstance(node, Joined):
            self._groups += 1
        else:
            self._conditions += 1
        if self._conditions > limits.CONDITIONS_TOGETHER:
            raise _too_many(path, limits.CONDITIONS_TOGETHER)
        if self._groups > limits.GROUPS_TOGETHER:
            raise _too_many(path, limits.GROUPS_TOGETHER, groups=True)

    def _segment(self, named: Segment, path: str, within: tuple[int, ...], depth: int) -> Node:
        if named.segment in within:
            chain = " → ".join(map(str, [*within[within.index(named.segment) :], named.segment]))
            raise DefinitionError(f"{path}.segment", _("This segment contains itself: %(chain)s.") % {"chain": chain})
        return self.resolved(self._definition(named), path, (*within, named.segment), depth + 1)

    def _definition(self, named: Segment) -> Node:
        """What the segment is defined as, its own segments not yet looked up."""
        if named.segment not in self._known:
            self._known[named.segment] = self._looked_up(named)
        return self._known[named.segment]

    def _looked_up(self, named: Segment) -> Node:
        raw = self._lookup(named.segment)
        words = {"segment": named.segment}
        if raw is None:
            return Unknown(_("there is no segment %(segment)s any more") % words, named.raw())
        try:
            return parse(raw).tree
        except DefinitionError:
            return Unknown(_("the definition of segment %(segment)s cannot be read") % words, named.raw())
