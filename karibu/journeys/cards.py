"""The drawn journey: what each card shows."""

from dataclasses import dataclass
from typing import Any

from karibu.journeys.definition import Definition
from karibu.journeys.forms import form_for
from karibu.journeys.models import Journey
from karibu.journeys.queries import Numbers, step_numbers
from karibu.journeys.steps import Step


@dataclass(frozen=True)
class Card:
    position: int
    step: Step
    sentence: str
    numbers: Numbers
    form: Any
    is_open: bool  # its form was posted and has an error to show


def cards(journey: Journey, definition: Definition, form: Any = None, position: int | None = None) -> list[Card]:
    """One card a step; `form` (bound, with errors) stands in for the one at `position`."""
    numbers = step_numbers(journey)
    return [
        Card(
            position=i,
            step=step,
            sentence=_capitalised(step.sentence()),
            numbers=numbers[i],
            form=form if i == position else form_for(step, i),
            is_open=i == position,
        )
        for i, step in enumerate(definition.steps)
    ]


def _capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
