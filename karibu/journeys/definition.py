"""A journey, written down: validated data that can be stored, edited, said as a sentence and run.

    {"entry": {"event": "Product Added" | [names], "key": "cart_id", "where": [{"property", "op", "value"}]},
     "reentry": "never" | "always" | "per_key" | {"after_days": n},
     "exit": [{"event": "Order Completed", "same_key": true}],
     "steps": [{"wait": {"hours": 1, "quiet": true}}, {"send": {"template": "cart-reminder", "channel": "email"}},
               {"branch": {"if": {"rfm": "champions"}}, "ways": {"yes": [steps], "no": [steps]}}]}

The entry may also be `{"segment": 7}` (entering it; with `"left": true` leaving it) or `{"by_hand": true}` (put in by
a colleague, the API or another journey). Steps are kinds of `steps/`, one module each; layout.py lays them out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.journeys import events
from karibu.journeys.events import Condition, EventRule
from karibu.journeys.layout import Layout, Place, lay_out
from karibu.journeys.steps import Step
from karibu.segments import queries as segments
from karibu.segments.faults import DefinitionError, convert


class AfterDays(msgspec.Struct, forbid_unknown_fields=True):
    after_days: int


Reentry = Literal["never", "always", "per_key"] | AfterDays


class Entry(EventRule, forbid_unknown_fields=True):
    """What brings a person in: an event, a segment, or somebody's hand. `key` names a property of the event: each of
    its values is a run of its own."""

    event: str | list[str] = []
    key: str = ""
    segment: int | None = None
    left: bool = False  # leaving the segment instead of entering it
    by_hand: bool = False

    def check(self, path: str) -> None:
        doors = [bool(self.names), self.segment is not None, self.by_hand]
        if sum(doors) > 1:
            raise DefinitionError(path, _("One way in: an event, a segment or by hand."))
        if not any(doors):
            raise DefinitionError(f"{path}.event", _("Name at least one event, a segment, or “by_hand”."))
        if self.names:
            super().check(path)
        elif self.key or self.where:
            raise DefinitionError(path, _("“key” and “where” speak of an event, and there is none."))
        if self.left and self.segment is None:
            raise DefinitionError(f"{path}.left", _("Say which segment is left."))

    def sentence(self) -> str:
        if self.segment is not None:
            name = segments.names([self.segment]).get(self.segment) or f"#{self.segment}"
            said = _("leaves the segment “%(name)s”") if self.left else _("enters the segment “%(name)s”")
            return said % {"name": name}
        return _("is put in by a colleague, the API or another journey") if self.by_hand else super().sentence()


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
    layout: Layout

    @property
    def steps(self) -> Sequence[Step]:
        """All steps by position."""
        return [place.step for place in self.layout.places]

    def sentence(self) -> str:
        """The whole journey in words."""
        parts = [f"{self._entry_sentence()}: {_said(self.layout.first)}."]
        if self.exits:
            parts.append(_("Whoever %(does)s leaves.") % {"does": _exits_said(self.exits, self.entry.key)})
        return " ".join(parts)

    def _entry_sentence(self) -> str:
        when = _("When someone %(does)s") % {"does": self.entry.sentence()}
        return f"{when} ({reentry_sentence(self.reentry, self.entry.key)})"


def parse(raw: object) -> Definition:
    """The definition that `raw` (decoded JSON) writes down. Raises DefinitionError, which names the path."""
    outline = convert(raw, _Outline, "$")
    reentry = outline.reentry or ("per_key" if outline.entry.key else "never")
    _check(outline, reentry)
    return Definition(outline.entry, reentry, outline.exit, lay_out(outline.steps))


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


def _said(places: Sequence[Place]) -> str:
    return _(", then ").join(place.step.sentence() + _ways_said(place) for place in places)


def _ways_said(place: Place) -> str:
    """ " (yes: send “vip” by e-mail; no: nothing)"."""
    named = place.step.way_names()
    said = [f"{named[way]}: {_said(within) or _('nothing')}" for way, within in place.ways.items()]
    return f" ({'; '.join(said)})" if said else ""


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
