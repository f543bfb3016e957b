"""The kinds of steps, one module each with the same slots.

A kind is a msgspec Struct (its fields are the settings in the definition) with

    ICON, LABEL          how the builder shows it
    check(path)          raises DefinitionError for settings that cannot run
    sentence()           what it does, in words
    due(arrived)         when a person who arrived here at that moment goes through
    dues(…)              the same where it depends on who the person is
    ways()               the ways that lead on from it, where there are several
    take(group)          lets a whole group through; one Outcome for each, in order

To add one, copy the nearest module and add its class to KINDS.
"""

from typing import Any

from django.utils.translation import gettext as _

from karibu.journeys.steps.ask import Ask
from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.journeys.steps.branch import Branch
from karibu.journeys.steps.check import Check
from karibu.journeys.steps.consent import Consent
from karibu.journeys.steps.coupon import Coupon
from karibu.journeys.steps.experiment import Experiment
from karibu.journeys.steps.hand_over import HandOver
from karibu.journeys.steps.leave import Leave
from karibu.journeys.steps.rate import Rate
from karibu.journeys.steps.reaction import Reaction
from karibu.journeys.steps.recommend import Recommend
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.split import Split
from karibu.journeys.steps.task import Task
from karibu.journeys.steps.unsubscribe import Unsubscribe
from karibu.journeys.steps.update import Update
from karibu.journeys.steps.wait import Wait
from karibu.journeys.steps.wait_date import WaitDate
from karibu.journeys.steps.wait_for import WaitFor
from karibu.journeys.steps.wait_rhythm import WaitRhythm
from karibu.journeys.steps.wait_until import WaitUntil
from karibu.journeys.steps.webhook import Webhook
from karibu.segments.faults import DefinitionError, convert

KINDS: dict[str, type[Step]] = {
    kind.KIND: kind
    for kind in (
        *(Wait, WaitUntil, WaitDate, WaitFor, WaitRhythm, Send, Branch, Check, Reaction, Split, Experiment),
        *(Update, Consent, Unsubscribe, Coupon, Recommend, Ask, Task, Webhook, Rate, HandOver, Leave),
    )
}

LONGEST_ID = 500


def parse(raw: dict[str, Any], path: str) -> Step:
    """`{"wait": {...}}` as a Wait; `ways` beside it are not looked into. Raises DefinitionError."""
    kinds = [kind for kind in raw if kind not in ("ways", "id")] if isinstance(raw, dict) else []
    if len(kinds) != 1:
        raise DefinitionError(path, _("A step has exactly one kind: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    kind, settings = kinds[0], raw[kinds[0]]
    if kind not in KINDS:
        words = {"kind": kind, "kinds": ", ".join(KINDS)}
        raise DefinitionError(path, _("There is no step “%(kind)s”; there are: %(kinds)s.") % words)
    step = convert(settings, KINDS[kind], f"{path}.{kind}")
    step.check(f"{path}.{kind}")
    _check_ways(raw.get("ways", {}), step, f"{path}.ways")
    _check_id(raw.get("id", "-"), f"{path}.id")
    return step


def _check_id(given: Any, path: str) -> None:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID:
        raise DefinitionError(path, _("A step's id is a text of at most %(n)s letters.") % {"n": LONGEST_ID})


def _check_ways(given: Any, step: Step, path: str) -> None:
    if not isinstance(given, dict):
        raise DefinitionError(path, _("Expected the steps of each way."))
    for way, within in given.items():
        if way not in step.ways():
            known = ", ".join(step.ways()) or _("none")
            raise DefinitionError(f"{path}.{way}", _("There is no such way; there are: %(ways)s.") % {"ways": known})
        if not isinstance(within, list):
            raise DefinitionError(f"{path}.{way}", _("Expected a list of steps."))


__all__ = ["KINDS", "Group", "Outcome", "Step", "Traveller", "parse"]
