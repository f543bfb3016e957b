"""What a control of a row is: one template (segments/builder/_control.html) draws every kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Options = Sequence[tuple[str, Any]]
Kind = Literal["select", "text", "number", "date", "many", "words", "written"]


@dataclass(frozen=True)
class Control:
    """`name` within its row; `label` is what a screen reader says.

    `groups` are headed lists of options for a select, `hints` suggestions for a text, `suggest` the address that has
    more of them. `reshapes`: with another value the row has other controls. "words" are words between controls.
    """

    name: str
    kind: Kind
    label: Any = ""
    value: str = ""
    groups: Sequence[tuple[Any, Options]] = ()
    hints: Options = field(default_factory=tuple)
    suggest: str = ""
    reshapes: bool = False

    @property
    def values(self) -> list[str]:
        return self.value.split("\n") if self.value else []


def words(text: Any) -> Control:
    return Control("", "words", text)


def select(name: str, label: Any, value: str, options: Options, *, reshapes: bool = False) -> Control:
    """A choice; a value that is no longer offered stays choosable."""
    if value and value not in {key for key, _ in options}:
        options = [*options, (value, value)]
    return Control(name, "select", label, value, [("", options)], reshapes=reshapes)


def grouped(
    name: str, label: Any, value: str, groups: Sequence[tuple[Any, Options]], *, reshapes: bool = False
) -> Control:
    """The same with headings."""
    shown = [(head, options) for head, options in groups if options]
    if value and value not in {key for _, options in shown for key, _ in options}:
        shown = [*shown, ("", [(value, value)])]
    return Control(name, "select", label, value, shown, reshapes=reshapes)
