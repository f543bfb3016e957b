"""The drawn journey: what each card shows, and what stands on the ways below it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from karibu.journeys import calls, contests
from karibu.journeys.counted import Numbers, at_steps, why_at_steps
from karibu.journeys.definition import Definition
from karibu.journeys.explain import departure
from karibu.journeys.forms import form_for
from karibu.journeys.layout import Address, Place
from karibu.journeys.models import Journey
from karibu.journeys.steps import Step
from karibu.journeys.steps.experiment import Experiment
from karibu.journeys.steps.webhook import Webhook

# What can be put in, in the order of the menu.
KINDS: dict[str, str | Promise] = {
    "send": _("Send a message"),
    "wait": _("Wait a while"),
    "wait_until": _("Wait until an hour or a weekday"),
    "wait_date": _("Wait until a date of theirs"),
    "wait_for": _("Wait until something happens"),
    "wait_rhythm": _("Wait for their next order, at their own rhythm"),
    "branch": _("Two ways, by a condition"),
    "check": _("Two ways, by what brought them in"),
    "reaction": _("Two ways, by what became of a message"),
    "split": _("Several ways, by chance"),
    "experiment": _("Several ways, the best one wins"),
    "coupon": _("Give a coupon"),
    "recommend": _("Choose products that fit"),
    "ask": _("Ask a colleague"),
    "task": _("Give a colleague a task"),
    "webhook": _("Ask a program of yours"),
    "rate": _("Let only so many an hour pass"),
    "update": _("Note a trait"),
    "consent": _("Ask for a consent"),
    "hand_over": _("Put into another journey"),
    "unsubscribe": _("Stop writing to them"),
    "leave": _("End here"),
}


@dataclass(frozen=True)
class Card:
    position: int
    id: str  # in every version
    step: Step
    sentence: str
    numbers: Numbers
    form: Any
    is_open: bool  # its form was posted and has an error to show, or it was just put in
    ways: Sequence["Track"]
    address: str  # as JSON; what the buttons post
    note: str = ""  # how it stands
    secret: str = ""  # what its calls are signed with
    why: Sequence[tuple[str, int]] = ()  # why people left before it, and how many, the commonest first


@dataclass(frozen=True)
class Track:
    """Cards below each other. `title` is what the way is called, `end` the address behind the last card."""

    title: str
    cards: Sequence[Card]
    end: str


@dataclass(frozen=True)
class Drawing:
    numbers: Mapping[str, Numbers]
    why: Mapping[str, Sequence[tuple[str, int]]]
    form: Any = None
    position: int | None = None  # of the open card
    journey: Journey | None = None

    def track(self, title: str, places: Sequence[Place], above: Address) -> Track:
        return Track(title, [self.card(place) for place in places], json.dumps([*above, len(places)]))

    def card(self, place: Place) -> Card:
        names = place.step.way_names()
        is_open = place.position == self.position
        return Card(
            position=place.position,
            id=place.id,
            step=place.step,
            sentence=_capitalised(place.step.sentence()),
            numbers=self.numbers.get(place.id) or Numbers(),
            form=self.form if is_open and self.form else form_for(place.step, place.position),
            is_open=is_open,
            ways=[self.track(names[way], below, (*place.address, way)) for way, below in place.ways.items()],
            address=json.dumps(place.address),
            note=self._note(place),
            secret=calls.secret(self.journey.pk) if self.journey and isinstance(place.step, Webhook) else "",
            why=[(departure(reason), people) for reason, people in self.why.get(place.id, ())],
        )

    def _note(self, place: Place) -> str:
        if isinstance(place.step, Experiment) and self.journey:
            return contests.said(self.journey, place.position, place.step)
        return ""


def draw(journey: Journey, definition: Definition, form: Any = None, position: int | None = None) -> Track:
    """The whole journey; `form` (bound, with errors) stands in for the one at `position`."""
    numbers = at_steps(journey)
    why = why_at_steps(journey) if any(one.left or one.failed for one in numbers.values()) else {}
    return Drawing(numbers, why, form, position, journey).track("", definition.layout.first, ())


def _capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
