"""What a control of a row is: one template (segments/builder/_control.html) draws every kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

NONE: tuple[str, Any] = ("", _("choose …"))  # what a select shows before anything is chosen
Options = Sequence[tuple[str, Any]]
FEW = 12  # options that are all shown
ADD = "add"
Kind = Literal["select", "text", "number", "date", "many", "words", "written"]


@dataclass(frozen=True)
class Control:
    """`name` within its row; `label` is what a screen reader says.

    `groups` are headed lists of options for a select, `hints` suggestions for a text, `suggest` the address that has
    more of them. `reshapes`: with another value the row has other controls. "words" are words between controls.
    "many" are boxes to tick: for all options, or, of more than FEW, for those chosen, with a select that adds one.
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

    @property
    def ticks(self) -> Sequence[tuple[str, Any, bool]]:
        """The boxes of "many": value, words, whether it is ticked."""
        found = ((key, text, str(key) in self.values) for key, text in self._options)
        return [one for one in found if one[2] or not self.adds]

    @property
    def others(self) -> Options:
        """What the select of "many" adds."""
        return [(key, text) for key, text in self._options if str(key) not in self.values]

    @property
    def adds(self) -> str:
        """The name of that select; "" where every option has its box."""
        return self.name.removesuffix("values") + ADD if len(self._options) > FEW else ""

    @property
    def _options(self) -> Options:
        return [option for _head, options in self.groups for option in options]


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
