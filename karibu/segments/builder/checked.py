"""What is wrong with which row: each is given to the parser by itself, so that every fault stands where it is."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

from karibu.segments.builder import tree
from karibu.segments.builder.rows import values, written
from karibu.segments.builder.tree import Group, Row
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError

MAIN = {"trait": "trait", "event": "event", "prediction": "prediction", "segment": "value", "rfm": "values"}
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
    """How many were marked."""
    return sum(1 for node in tree.nodes(group) if node.wrong)


def whole(group: Group) -> Definition:
    """The definition of everything. Raises DefinitionError for what is only wrong together, such as the depth."""
    return parse(tree.write(group))


def sound(group: Group) -> Definition | None:
    """The definition of what counts already; None where that is nothing. Raises DefinitionError as `whole` does."""
    rest = tree.without_wrong(group)
    return whole(rest) if rest.children else None


def _check_sequence(group: Group) -> None:
    for child in group.children:
        if isinstance(child, Group) or child.kind not in ("event", "bought", "written"):
            child.wrong = _("Only what people did can follow one another.")
        else:
            child.wrong = _blank(child)
    if any(child.wrong for child in group.children):
        return
    try:
        parse({"all": [tree.write(group)]})
    except DefinitionError as error:
        step = _STEP.search(error.path)
        at: Group | Row = group.children[int(step[1])] if step and int(step[1]) < len(group.children) else group
        at.wrong = _plain(error)


def _fault(row: Row) -> str:
    if blank := _blank(row):
        return blank
    try:
        parse({"all": [tree.write(row)]})
    except DefinitionError as error:
        return _plain(error)
    return ""


def _blank(row: Row) -> str:
    """What has not been chosen yet, in the words of the page."""
    if row.kind == written.KIND and not tree.write(row):
        return _("This condition cannot be read.")
    if row.kind in MAIN and not row.get(MAIN[row.kind]):
        return _("Choose what this is about.")
    if not all(one.get("property") for one in row.where):
        return _("Choose which detail must be so.")
    asks = [row.fields, *row.where] if row.kind == "trait" or row.get("measure") not in ("", "never") else row.where
    return _("Say which value.") if any(_asks_in_vain(fields) for fields in asks) else ""


def _asks_in_vain(fields: Mapping[str, str]) -> bool:
    """Whether a value is compared with and none is given."""
    given = values.listed(fields) if fields.get("op") in values.LISTS else fields.get("value")
    return bool(fields.get("op")) and fields["op"] not in values.BARE and not given


def _plain(error: DefinitionError) -> str:
    """What is wrong, without the words of types that mean nothing to who fills in a form."""
    return _("Something is missing here.") if "`" in error.sentence else error.sentence
