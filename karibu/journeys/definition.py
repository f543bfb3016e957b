"""A journey, written down: validated data that can be stored, edited, said as a sentence and run.

    {"entry": {"event": "Product Added" | [names], "key": "cart_id", "where": [{"property", "op", "value"}]},
     "reentry": "never" | "always" | "per_key" | {"after_days": n},
     "exit": [{"event": "Order Completed", "same_key": true}, {"segment": 7, "left": true}],
     "goal": {"event": "Order Completed", "within_days": 30} | {"segment": 8},
     "filter": {"trait": "country", "op": "is", "value": "RW"},
     "holdout": 10,
     "steps": [{"wait": {"hours": 1, "quiet": true}}, {"send": {"template": "cart-reminder", "channel": "email"}},
               {"branch": {"if": {"rfm": "champions"}}, "ways": {"yes": [steps], "no": [steps]}}]}

The entry may also be `{"segment": 7}` (entering it; with `"left": true` leaving it), `{"by_hand": true}` (put in by
a colleague, the API or another journey), `{"form": "letters"}` (a sign-up form's slug), or a rule of `entries/`:

    {"date": {"trait": "birthday", "days": -7, "every": "year" | "month" | "once", "at": "09:00"}}
    {"schedule": {"segment": 7, "at": "09:00", "weekdays": [0]}}              (or "day": 31 of the month, or daily)
    {"product": {"change": "price_drop" | "back_in_stock" | "low_stock", "did": "viewed" | "carted" | "either",
                 "within_days": 30, "percent": 5, "at_most": 5}}
    {"prediction": {"name": "churn", "op": "gte" | "lte", "value": 0.7}}

`filter` is a segment's definition: who does not meet it does not enter, and leaves instead of being sent anything. Who
reaches the `goal` leaves, and counts as converted. `holdout` percent of those who enter are drawn by chance (draw.py)
and get nothing of it, so that the others can be compared with them. Steps are kinds of `steps/`, one module each, laid
out by layout.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _

from karibu.journeys import among, draw, events
from karibu.journeys.entries import Entry, segment_name
from karibu.journeys.events import Condition, EventRule
from karibu.journeys.layout import Layout, Place, lay_out
from karibu.journeys.steps import Step
from karibu.segments import words
from karibu.segments.faults import DefinitionError, convert


class AfterDays(msgspec.Struct, forbid_unknown_fields=True):
    after_days: int


Reentry = Literal["never", "always", "per_key"] | AfterDays


class Exit(EventRule, forbid_unknown_fields=True):
    """What takes a person out: an event, or entering (with `left`: leaving) a segment. With `same_key`, only out of the
    run of that key.

    An event without that property (an order that names no cart) takes the person out of all runs that began
    before it.
    """

    event: str | list[str] = []
    same_key: bool = False
    segment: int | None = None
    left: bool = False

    def check(self, path: str) -> None:
        if (self.segment is None) == (not self.names):
            raise DefinitionError(f"{path}.event", _("Name an event or a segment."))
        if self.names:
            super().check(path)
        elif self.where or self.same_key:
            raise DefinitionError(path, _("“where” and “same_key” speak of an event, and there is none."))
        if self.left and self.segment is None:
            raise DefinitionError(f"{path}.left", _("Say which segment is left."))

    def sentence(self) -> str:
        if self.segment is None:
            return super().sentence()
        said = _("leaves the segment “%(name)s”") if self.left else _("enters the segment “%(name)s”")
        return said % {"name": segment_name(self.segment)}


class Goal(Exit, forbid_unknown_fields=True):
    """What the journey is for. Whoever reaches it within so many days of entering has converted, also when they went
    through to the end before; who is inside leaves."""

    within_days: int = 30

    def check(self, path: str) -> None:
        super().check(path)
        if not 1 <= self.within_days <= 365:
            raise DefinitionError(f"{path}.within_days", _("From 1 to 365 days."))


class _Outline(msgspec.Struct, forbid_unknown_fields=True):
    entry: Entry
    steps: list[dict[str, Any]]
    reentry: Reentry | None = None
    exit: list[Exit] = []
    goal: Goal | None = None
    filter: dict[str, Any] | None = None
    holdout: int = 0


@dataclass(frozen=True)
class Definition:
    entry: Entry
    reentry: Reentry
    exits: Sequence[Exit]
    layout: Layout
    goal: Goal | None = None
    filter: Mapping[str, Any] | None = None  # a segment's definition
    holdout: int = 0  # percent

    @property
    def steps(self) -> Sequence[Step]:
        """All steps by position."""
        return [place.step for place in self.layout.places]

    @property
    def asks_at_the_door(self) -> bool:
        """Whether something is settled by the engine before somebody stands before the first step."""
        return self.filter is not None or self.holdout > 0

    def sentence(self) -> str:
        """The whole journey in words."""
        return " ".join([f"{self._entry_sentence()}: {_said(self.layout.first)}.", *self.rules_said()])

    def rules_said(self) -> list[str]:
        """Who is meant, what it is for and who leaves: a sentence each."""
        parts = []
        if self.filter is not None:
            parts.append(_("Only for: %(who)s") % {"who": words.sentence(self.filter)})
        if self.holdout:
            said = _("%(n)s %% of them are held out by chance: they get nothing, to compare the others with.")
            parts.append(said % {"n": self.holdout})
        if self.goal:
            known = {"does": _exits_said([self.goal], self.entry.told_apart_by), "n": self.goal.within_days}
            parts.append(_("The goal: that the person %(does)s within %(n)s days.") % known)
        if self.exits:
            parts.append(_("Whoever %(does)s leaves.") % {"does": _exits_said(self.exits, self.entry.told_apart_by)})
        return parts

    def _entry_sentence(self) -> str:
        when = _("When someone %(does)s") % {"does": self.entry.sentence()}
        return f"{when} ({reentry_sentence(self.reentry, self.entry.told_apart_by)})"


def parse(raw: object) -> Definition:
    """The definition that `raw` (decoded JSON) writes down. Raises DefinitionError, which names the path."""
    outline = convert(raw, _Outline, "$")
    reentry = outline.reentry or usual_reentry(outline.entry)
    _check(outline, reentry)
    return Definition(
        entry=outline.entry,
        reentry=reentry,
        exits=outline.exit,
        layout=lay_out(outline.steps),
        goal=outline.goal,
        filter=outline.filter or None,
        holdout=outline.holdout,
    )


def fault(raw: object) -> DefinitionError | None:
    """What keeps this release from reading it: what one release wrote, an older one may not know."""
    try:
        parse(raw)
    except DefinitionError as error:
        return error
    return None


def usual_reentry(entry: Entry) -> Reentry:
    """The re-entry of a journey that says nothing of it."""
    if entry.schedule:
        return "always"
    if entry.product:
        return AfterDays(7)  # five products that get cheaper in a week are one message
    return "per_key" if entry.told_apart_by else "never"


def _check(outline: _Outline, reentry: Reentry) -> None:
    outline.entry.check("$.entry")
    ends = [(f"$.exit[{i}]", exit_) for i, exit_ in enumerate(outline.exit)]
    for path, end in [*ends, *([("$.goal", outline.goal)] if outline.goal else [])]:
        end.check(path)
        if end.same_key and outline.entry.told_apart_by in ("", "day"):
            raise DefinitionError(f"{path}.same_key", _("The entry has no key that this could be the same as."))
    if outline.filter is not None:
        among.check(outline.filter, "$.filter")
    draw.check(outline.holdout, "$.holdout")
    if reentry == "per_key" and not outline.entry.told_apart_by:
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


__all__ = [
    "AfterDays",
    "Condition",
    "Definition",
    "DefinitionError",
    "Entry",
    "Exit",
    "Goal",
    "fault",
    "parse",
    "reentry_sentence",
]
