"""The kinds of conditions, one module each with the same slots.

A kind is a Condition (a msgspec Struct: its fields are what the definition may say) with

    KIND                 the field that tells it from the others
    check(path)          raises DefinitionError for what cannot be asked
    said(denied, names)  what it means, as a clause behind "customers"
    needs()              what its answer hangs on
    holds(scope, denied) the ibis expression over scope.customers

To add one, copy the nearest module and add its class to KINDS.
"""

from typing import Any

from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Needs
from karibu.segments.conditions.consent import Consent
from karibu.segments.conditions.event import Event
from karibu.segments.conditions.message import Message
from karibu.segments.conditions.prediction import Prediction
from karibu.segments.conditions.rfm import Rfm
from karibu.segments.conditions.segment import Segment
from karibu.segments.conditions.sequence import Sequence
from karibu.segments.conditions.trait import Trait
from karibu.segments.conditions.unknown import Unknown
from karibu.segments.faults import convert

KINDS: dict[str, type[Condition]] = {
    kind.KIND: kind for kind in (Trait, Event, Sequence, Consent, Message, Rfm, Prediction, Segment)
}


def parse(raw: dict[str, Any], path: str) -> Condition:
    """The condition that is written down there; Unknown for a kind that this version does not have."""
    kind = next((KINDS[name] for name in raw if name in KINDS), None)
    if kind is None:
        named = ", ".join(raw)[:80] or "{}"
        return Unknown(_("this version knows no condition “%(kind)s”") % {"kind": named}, raw)
    condition = convert(raw, kind, path)
    condition.check(path)
    return condition


__all__ = ["KINDS", "Condition", "Needs", "Unknown", "parse"]
