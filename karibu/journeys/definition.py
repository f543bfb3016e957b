"""A journey, written down: validated data that can be stored, edited, said as a sentence and run.

    {"entry": {"event": "Product Added" | [names], "key": "cart_id", "where": [{"property", "op", "value"}]},
     "reentry": "never" | "always" | "per_key" | {"after_days": n},
     "exit": [{"event": "Order Completed", "same_key": true}],
     "steps": [{"wait": {"hours": 1, "quiet": true}}, {"send": {"template": "cart-reminder", "channel": "email"}}]}

Steps are kinds of `steps/`, one module each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.journeys import events, steps
from karibu.journeys.events import Condition, EventRule
from karibu.journeys.steps import Step
from karibu.segments.faults import DefinitionError, convert

MAX_STEPS = 100


class AfterDays(msgspec.Struct, forbid_unknown_fields=True):
    after_days: int


Reentry = Literal["never", "always", "per_key"] | AfterDays


class Entry(EventRule, forbid_unknown_fields=True):
    """What brings a person in. `key` names a property: each of its values is a run of its own."""

    key: str = ""


class Exit(EventRule, forbid_unknown_fields=True):
    """What takes a person out. With `same_key`, only out of the run of that key.

    An event without that property (an order that names no cart) takes the person out of all runs that began
    before it.
    """

    same_key: bool = False


class _Outline(msgspec.Struct, forbid_unknown_fields=True):
    entry: Entry
    steps: list[dict[str, Any]]
    reentry: Reentry | None = None
    exit: list[Exit] = []


@dataclass(frozen=True)
class Definition:
    entry: Entry
    reentry: Reentry
    exits: Sequence[Exit]
    steps: Sequence[Step]

    def sentence(self) -> str:
        """The whole journey in words."""
        steps_said = _(", then ").join(step.sentence() for step in self.steps)
        parts = [f"{self._entry_sentence()}: {steps_said}."]
        if self.exits:
            parts.append(_("Whoever %(does)s leaves.") % {"does": _exits_said(self.exits, self.entry.key)})
        return " ".join(parts)

    def _entry_sentence(self) -> str:
        when = _("When someone %(does)s") % {"does": self.entry.sentence()}
        return f"{when} ({reentry_sentence(self.reentry, self.entry.key)})"


def parse(raw: object) -> Definition:
    """The definition that `raw` (decoded JSON) writes down. Raises DefinitionError, which names the path."""
    outline = convert(raw, _Outline, "$")
    if not outline.steps:
        raise DefinitionError("$.steps", _("A journey needs at least one step."))
    if len(outline.steps) > MAX_STEPS:
        raise DefinitionError("$.steps", _("A journey has at most %(n)s steps.") % {"n": MAX_STEPS})
    reentry = outline.reentry or ("per_key" if outline.entry.key else "never")
    _check(outline, reentry)
    parsed = [steps.parse(step, f"$.steps[{i}]") for i, step in enumerate(outline.steps)]
    return Definition(outline.entry, reentry, outline.exit, parsed)


def _check(outline: _Outline, reentry: Reentry) -> None:
    outline.entry.check("$.entry")
    for i, exit_ in enumerate(outline.exit):
        exit_.check(f"$.exit[{i}]")
        if exit_.same_key and not outline.entry.key:
            raise DefinitionError(f"$.exit[{i}].same_key", _("The entry has no key that this could be the same as."))
    if reentry == "per_key" and not outline.entry.key:
        raise DefinitionError("$.reentry", _("“per_key” needs a key at the entry."))
    if isinstance(reentry, AfterDays) and not 0 < reentry.after_days <= 3650:
        raise DefinitionError("$.reentry.after_days", _("From 1 to 3650 days."))


def reentry_sentence(reentry: Reentry, key: str) -> str:
    if isinstance(reentry, AfterDays):
        return _("again after %(n)s days at the earliest") % {"n": reentry.after_days}
    return {
        "never": _("once only"),
        "always": _("as often as it happens"),
        "per_key": _("once for each %(thing)s") % {"thing": events.thing(key)},
    }[reentry]


def _exits_said(exits: Sequence[Exit], key: str) -> str:
    def said(exit_: Exit) -> str:
        same = _(" (the same %(thing)s)") % {"thing": events.thing(key)} if exit_.same_key else ""
        return exit_.sentence() + same

    return events.either([said(exit_) for exit_ in exits])


__all__ = ["AfterDays", "Condition", "Definition", "DefinitionError", "Entry", "Exit", "parse", "reentry_sentence"]
