"""The builder's form, read back into the tree it was drawn from, and what its buttons ask for.

A field is called `<path>.<name>`: `r_0_1.trait`, and `r_0_1.w2.value` for the third filter of that row. A button's
name is `do`, its value `<deed>:<path>` (and `:<number>` of a filter). Works the same with and without script.
"""

import re
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as __

from karibu.segments.builder import rows, tree
from karibu.segments.builder.controls import ADD
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import GROUPS, Group, Row

_FIELD = re.compile(r"(r(?:_\d{1,4}){0,24})\.(?:w(\d{1,3})\.)?([a-z]+)")
MOST, DEEPEST = 500, 20


class TooMuch(ValueError):
    """More rows or a deeper nesting than a segment may have."""


@dataclass
class _Fields:
    """What was posted for one path."""

    own: dict[str, str]
    where: dict[int, dict[str, str]]


def read(posted: QueryDict, known: Known) -> Group:
    """The tree that the form shows; every row knows what kind of value it compares with."""
    found: dict[str, _Fields] = {}
    for key in posted:
        if match := _FIELD.fullmatch(key):
            path, number, name = match.groups()
            fields = found.setdefault(path, _Fields({}, {}))
            place = fields.own if number is None else fields.where.setdefault(int(number), {})
            place[name] = "\n".join(posted.getlist(key))[:5000]
    group = _group("r", found)
    for node in tree.nodes(group):
        if isinstance(node, Row):
            for shown in (node.fields, *node.where):
                _tick(shown)
            rows.settle(node, known)
    return tree.numbered(group)


def _tick(fields: dict[str, str]) -> None:
    """What was chosen to be added joins the values that are ticked."""
    if added := fields.pop(ADD, ""):
        fields["values"] = "\n".join(dict.fromkeys([*filter(None, fields.get("values", "").split("\n")), added]))


def do(group: Group, deed: str) -> Group:
    """The tree after what a button asks for; unchanged for what it does not know. Raises TooMuch."""
    verb, _, rest = deed.partition(":")
    path, _, number = rest.partition(":")
    node, above = tree.find(group, path), tree.parent(group, path)
    if isinstance(node, Group):
        _grow(group, node, verb)
    if isinstance(node, Row) and verb == "where":
        node.where.append(rows.filter_of(node))
    if isinstance(node, Row) and verb == "unwhere" and number.isdigit() and int(number) < len(node.where):
        del node.where[int(number)]
    if above is not None and node is not None and verb == "remove":
        above.children.remove(node)
    if above is not None and isinstance(node, Row) and verb == "copy":
        _keep_in_bounds(group)
        above.children.insert(above.children.index(node) + 1, _copy(node))
    return tree.numbered(group)


def _grow(whole: Group, group: Group, verb: str) -> None:
    if verb not in ("row", "group"):
        return
    _keep_in_bounds(whole)
    if verb == "row":
        group.children.append(Row("event" if group.op == "then" else "trait"))
    elif group.depth + 2 >= DEEPEST:
        raise TooMuch(__("Groups can be nested at most %(n)s deep.") % {"n": DEEPEST})
    else:
        group.children.append(Group("any" if group.op == "all" else "all", [Row("trait")]))


def _keep_in_bounds(whole: Group) -> None:
    if sum(1 for _ in tree.nodes(whole)) > MOST:
        raise TooMuch(__("A segment has at most %(n)s conditions.") % {"n": MOST})


def _copy(row: Row) -> Row:
    return Row(row.kind, dict(row.fields), [dict(one) for one in row.where])


def _group(path: str, found: dict[str, _Fields]) -> Group:
    own = found[path].own if path in found else {}
    depth = path.count("_") + 1
    below = sorted(
        (one for one in found if one.startswith(f"{path}_") and one.count("_") == depth),
        key=lambda one: int(one.rpartition("_")[2]),
    )
    op = own.get("is", "all")
    children = [_group(one, found) if "is" in found[one].own else _row(found[one]) for one in below]
    known = op in GROUPS and (op != "then" or path != "r")
    if op == "then":
        children = [Row("event") if _is_untouched(child) else child for child in children]
    return Group(op if known else "all", list(children), own, path)


def _is_untouched(node: Group | Row) -> bool:
    """A row as it is added to other groups: what follows one another are things that people did."""
    return isinstance(node, Row) and node.kind == "trait" and not node.get("trait")


def _row(fields: _Fields) -> Row:
    return Row(fields.own.get("kind", "trait"), fields.own, [fields.where[n] for n in sorted(fields.where)])
