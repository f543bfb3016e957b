"""The forms behind the cards, one for each kind of step, and what a step says that was just put in."""

import secrets
from typing import Any

from django.utils.translation import gettext as _

from karibu.journeys.forms.base import StepForm
from karibu.journeys.forms.deeds import (
    HandOverForm,
    LeaveForm,
    SendForm,
    UnsubscribeForm,
    UpdateForm,
    by_hand,
    templates,
)
from karibu.journeys.forms.waits import AskForm, WaitForForm, WaitForm, WaitUntilForm
from karibu.journeys.forms.ways import BranchForm, CheckForm, SplitForm
from karibu.journeys.steps import Step

FORMS: dict[str, type[StepForm]] = {
    "wait": WaitForm,
    "wait_until": WaitUntilForm,
    "wait_for": WaitForForm,
    "send": SendForm,
    "branch": BranchForm,
    "check": CheckForm,
    "split": SplitForm,
    "update": UpdateForm,
    "unsubscribe": UnsubscribeForm,
    "ask": AskForm,
    "hand_over": HandOverForm,
    "leave": LeaveForm,
}


def form_for(step: Step, position: int, data: Any = None) -> StepForm:
    """The form of one step, filled with its settings or bound to what was posted."""
    kind: Any = FORMS[step.KIND]
    form: StepForm = kind(data, initial=kind.values(step), prefix=f"step-{position}")
    return form


def fresh(kind: str) -> dict[str, Any]:
    """A step of this kind as it is put in: something that can run, to be changed. Raises LookupError."""
    kinds: dict[str, dict[str, Any]] = {
        "wait": {"days": 1},
        "wait_until": {"at": "09:00"},
        "wait_for": {"happens": {"event": "Order Completed"}, "within": {"days": 3}},
        "send": {"template": next(iter(dict(templates())), "cart-reminder")},
        "branch": {"if": {"trait": "orders", "op": "gte", "value": 1}},
        "check": {"entry": {"property": "value", "op": "gte", "value": 50}},
        "split": {"shares": {"A": 50, "B": 50}, "salt": secrets.token_hex(4)},
        "update": {"trait": "stage", "value": "new"},
        "unsubscribe": {"channel": "email"},
        "ask": {"question": _("Shall this person go on?"), "within": {"days": 3}},
        "hand_over": {"journey": next((pk for pk, _name in by_hand()), 0)},
        "leave": {},
    }
    return {kind: kinds[kind]}
