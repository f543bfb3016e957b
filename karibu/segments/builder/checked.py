"""What is wrong with which row: each is given to the parser by itself, so that every fault stands where it is."""

import re

from django.utils.translation import gettext as _

from karibu.segments.builder import tree
from karibu.segments.builder.tree import Group, Row
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError

_STEP = re.compile(r"\.sequence\[(\d+)\]")


def check(group: Group) -> None:
    """Marks every row and group that does not count with its reason."""
    for child in group.children:
        if isinstance(child, Row):
            child.wrong = _fault(child)
        elif child.op == "then":
            _check_sequence(child)
        else:
            check(child)
    if not group.children:
        group.wrong = _("Nothing stands here yet: add a condition.")


def faults(group: Group) -> int:
    """How many were marked; a group whose part is marked counts as that part."""
    return sum(1 for node in tree.nodes(group) if node.wrong and not (isinstance(node, Group) and _inside(node)))


def whole(group: Group) -> Definition:
    """The definition of everything. Raises DefinitionError for what is only wrong together, such as the depth."""
    return parse(tree.write(group))


def sound(group: Group) -> Definition | None:
    """The definition of what counts already; None where that is nothing. Raises DefinitionError as `whole` does."""
    rest = tree.without_wrong(group)
    return whole(rest) if rest.children else None


def _inside(group: Group) -> bool:
    return any(child.wrong for child in group.children)


def _check_sequence(group: Group) -> None:
    """A sequence counts as a whole or not at all."""
    for child in group.children:
        if isinstance(child, Group) or child.kind not in ("event", "bought", "written"):
            child.wrong = group.wrong = _("Only what people did can follow one another.")
    if group.wrong:
        return
    try:
        parse({"all": [tree.write(group)]})
    except DefinitionError as error:
        step = _STEP.search(error.path)
        at: Group | Row = group.children[int(step[1])] if step and int(step[1]) < len(group.children) else group
        at.wrong = group.wrong = _plain(error)


def _fault(row: Row) -> str:
    try:
        parse({"all": [tree.write(row)]})
    except DefinitionError as error:
        return _plain(error)
    return ""


def _plain(error: DefinitionError) -> str:
    """What is wrong, without the words of types that mean nothing to who fills in a form."""
    return _("Something is missing here.") if "`" in error.sentence else error.sentence
