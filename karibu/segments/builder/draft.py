"""The rows of one form in one request: drawn from a definition or read back, with what its buttons ask for done.

Segments have the builder's page, journeys draw the same rows in a card; the templates are segments/builder/.
"""

import secrets
from typing import Any

from django.http import QueryDict

from karibu.segments import words
from karibu.segments.builder import checked, posted, shown, tree
from karibu.segments.builder.known import Known
from karibu.segments.builder.tree import Group, Row
from karibu.segments.faults import DefinitionError

SAVE = "save"


class Draft:
    """`begin` is what stands there until something is posted; `said` is what is wrong with all of it together."""

    def __init__(self, sent: QueryDict | None, begin: Group) -> None:
        self.known = Known()
        self.deed = sent.get("do", "") if sent is not None else ""
        self.group = begin if sent is None else posted.read(sent, self.known)
        self.said = ""
        if self.deed and self.deed != SAVE:
            self._do()
        checked.check(self.group)

    def _do(self) -> None:
        try:
            self.group = posted.do(self.group, self.deed)
        except posted.TooMuch as error:
            self.said = str(error)

    @property
    def is_sound(self) -> bool:
        """Whether every row counts."""
        return not checked.faults(self.group)

    def written(self) -> dict[str, Any]:
        """The definition that the rows say."""
        return tree.write(self.group)

    def context(self) -> dict[str, Any]:
        """What the templates need."""
        return {
            "root": shown.shown(self.group, self.known),
            "said": self.said,
            "was_saved": self.deed == SAVE,
            "faults": checked.faults(self.group),
            "focus": self._focus(),
            "tab": secrets.token_hex(8),
            "sentence": sentence(self.group),
        }

    def _focus(self) -> str:
        """The id of the control that one goes on with: the first of what was added, or of what is wrong."""
        if self.deed == SAVE:
            return next((_first(node) for node in tree.nodes(self.group) if node.wrong), "")
        verb, _, rest = self.deed.partition(":")
        path = rest.partition(":")[0]
        node, above = tree.find(self.group, path), tree.parent(self.group, path)
        if verb in ("row", "group") and isinstance(node, Group) and node.children and not self.said:
            last = node.children[-1]
            return _first(last.children[0] if isinstance(last, Group) and last.children else last)
        if verb == "copy" and above is not None and isinstance(node, Row) and not self.said:
            return _first(above.children[above.children.index(node) + 1])
        if verb == "where" and isinstance(node, Row) and node.where:
            return f"{path}.w{len(node.where) - 1}.property"
        return f"{above.path}.to-row" if verb == "remove" and above is not None else ""


def _first(node: tree.Node) -> str:
    return f"{node.path}.kind" if isinstance(node, Row) else f"{node.path}.is"


def sentence(group: Group) -> str:
    """What the rows say that count already."""
    try:
        definition = checked.sound(group)
    except DefinitionError as error:
        return error.sentence
    return words.sentence(definition.raw) if definition else ""
