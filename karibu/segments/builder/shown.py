"""The tree as the templates draw it: every node with its controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder import rows
from karibu.segments.builder.controls import Control
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import window
from karibu.segments.builder.tree import Group, Row

OPS = (
    ("all", _("all of these")),
    ("any", _("at least one of these")),
    ("none", _("none of these")),
    ("not_all", _("not all of these")),
    ("then", _("these, one after the other")),
)
BETWEEN = {"all": _("and"), "any": _("or"), "none": _("nor"), "not_all": _("and"), "then": _("then")}


@dataclass(frozen=True)
class ShownRow:
    row: Row
    kinds: Sequence[tuple[str, Any]]
    controls: Sequence[Control]
    filters: Sequence[Sequence[Control]]
    filter_label: Any  # of the button that adds one; "" where there are none
    is_group = False

    @property
    def path(self) -> str:
        return self.row.path

    @property
    def wrong(self) -> str:
        return self.row.wrong


@dataclass(frozen=True)
class ShownGroup:
    group: Group
    children: Sequence["ShownGroup | ShownRow"]
    controls: Sequence[Control]  # of the window, where the group is a sequence
    is_group = True

    @property
    def path(self) -> str:
        return self.group.path

    @property
    def wrong(self) -> str:
        return self.group.wrong

    @property
    def is_root(self) -> bool:
        return self.path == "r"

    @property
    def ops(self) -> Sequence[tuple[str, Any]]:
        return OPS[:-1] if self.is_root else OPS

    @property
    def between(self) -> Any:
        """The word between two of its parts."""
        return BETWEEN[self.group.op]


def shown(group: Group, known: Known) -> ShownGroup:
    children = [shown(one, known) if isinstance(one, Group) else _row(one, known) for one in group.children]
    is_sequence = group.op == "then"
    return ShownGroup(group, children, window.controls(group) if is_sequence else [])


def _row(row: Row, known: Known) -> ShownRow:
    label = rows.filter_label(row) if rows.has_filters(row) else ""
    return ShownRow(row, rows.kinds(row), rows.controls(row, known), rows.filters(row, known), label)
