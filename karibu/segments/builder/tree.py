"""What stands on the builder's page: groups of rows, to any depth, from a definition and back.

A condition that no row can show without losing something stays as it is written, in a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Raw = dict[str, Any]
GROUPS = ("all", "any", "none", "not_all", "then")


@dataclass
class Row:
    """One condition. `fields` are its controls by name; `where` what must be true of the event, one after the other.

    `path` is where it stands ("r_0_2"), `wrong` why it does not count.
    """

    kind: str
    fields: dict[str, str] = field(default_factory=dict)
    where: list[dict[str, str]] = field(default_factory=list)
    path: str = ""
    wrong: str = ""

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name) or default


@dataclass
class Group:
    """`op` is one of GROUPS; "then" (one after the other) has the fields of its window."""

    op: str
    children: list[Group | Row] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    path: str = "r"
    wrong: str = ""

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name) or default

    @property
    def depth(self) -> int:
        return self.path.count("_")


Node = Group | Row


def read(definition: Raw) -> Group:
    """The tree of a valid definition. What is no group of its own, or one after the other, stands in one."""
    node = _node(definition)
    return numbered(node if isinstance(node, Group) and node.op != "then" else Group("all", [node]))


def write(node: Node) -> Raw:
    """The definition that a node says; what is not filled in yet is left for the parser to name."""
    from karibu.segments.builder import rows

    if isinstance(node, Row):
        return rows.write(node)
    children = [write(child) for child in node.children]
    match node.op:
        case "then":
            return {"sequence": children, **rows.window.write(node)}
        case "none":
            return {"not": children[0] if len(children) == 1 else {"any": children}}
        case "not_all":
            return {"not": {"all": children}}
    return {node.op: children}


def numbered(group: Group, path: str = "r") -> Group:
    """Gives every node below `group` its path."""
    group.path = path
    for number, child in enumerate(group.children):
        if isinstance(child, Group):
            numbered(child, f"{path}_{number}")
        else:
            child.path = f"{path}_{number}"
    return group


def nodes(group: Group) -> Iterator[Node]:
    """`group` and everything in it, from the top down."""
    yield group
    for child in group.children:
        if isinstance(child, Group):
            yield from nodes(child)
        else:
            yield child


def find(group: Group, path: str) -> Node | None:
    return next((node for node in nodes(group) if node.path == path), None)


def parent(group: Group, path: str) -> Group | None:
    found = find(group, path.rpartition("_")[0])
    return found if isinstance(found, Group) else None


def without_wrong(group: Group) -> Group:
    """The same without what does not count (yet); a sequence counts as a whole or not at all."""
    kept: list[Node] = []
    for child in group.children:
        if child.wrong or (
            isinstance(child, Group) and child.op == "then" and any(one.wrong for one in child.children)
        ):
            continue
        if isinstance(child, Row):
            kept.append(child)
        elif (inner := without_wrong(child)).children:
            kept.append(inner)
    return Group(group.op, kept, group.fields, group.path)


def _node(raw: Raw) -> Node:
    from karibu.segments.builder import rows

    if found := rows.read(raw):
        return found
    if len(raw) == 1:
        [(op, inner)] = raw.items()
        if op in ("all", "any") and isinstance(inner, list):
            return Group(op, [_node(child) for child in inner])
        if op == "not" and isinstance(inner, dict):
            return _denied(_node(inner))
    return _sequence(raw) or rows.as_written(raw)


def _denied(node: Node) -> Group:
    if isinstance(node, Group) and node.op in ("any", "all"):
        return Group({"any": "none", "all": "not_all"}[node.op], node.children)
    return Group("none", [node])


def _sequence(raw: Raw) -> Group | None:
    from karibu.segments.builder import rows

    steps = raw.get("sequence")
    if not isinstance(steps, list):
        return None
    group = Group("then", [_node(step) for step in steps], rows.window.read(raw) or {})
    return group if rows.same(write(group), raw) else None
