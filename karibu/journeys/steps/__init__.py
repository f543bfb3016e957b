"""The kinds of steps, one module each with the same slots.

A kind is a msgspec Struct (its fields are the settings in the definition) with

    ICON, LABEL          how the builder shows it
    check(path)          raises DefinitionError for settings that cannot run
    sentence()           what it does, in words
    due(arrived)         when a person who arrived here at that moment goes through
    take(group)          lets a whole group through; one Outcome for each, in order

To add one, copy the nearest module and add its class to KINDS.
"""

from typing import Any

from django.utils.translation import gettext as _

from karibu.journeys.steps.base import Group, Outcome, Step, Traveller
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.wait import Wait
from karibu.segments.faults import DefinitionError, convert

KINDS: dict[str, type[Step]] = {"wait": Wait, "send": Send}


def parse(raw: dict[str, Any], path: str) -> Step:
    """`{"wait": {...}}` as a Wait. Raises DefinitionError."""
    if len(raw) != 1:
        raise DefinitionError(path, _("A step has exactly one kind: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    [(kind, settings)] = raw.items()
    if kind not in KINDS:
        words = {"kind": kind, "kinds": ", ".join(KINDS)}
        raise DefinitionError(path, _("There is no step “%(kind)s”; there are: %(kinds)s.") % words)
    step = convert(settings, KINDS[kind], f"{path}.{kind}")
    step.check(f"{path}.{kind}")
    return step


__all__ = ["KINDS", "Group", "Outcome", "Step", "Traveller", "parse"]
