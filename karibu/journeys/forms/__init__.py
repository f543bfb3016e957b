"""The forms behind the cards, one for each kind of step, and what a step says that was just put in."""

import secrets
from typing import Any

from django.utils.translation import gettext as _

from karibu.journeys.forms.base import StepForm
from karibu.journeys.forms.deeds import (
    ConsentForm,
    CouponForm,
    HandOverForm,
    LeaveForm,
    RecommendForm,
    SendForm,
    TaskForm,
    UnsubscribeForm,
    UpdateForm,
    WebhookForm,
    by_hand,
    pools,
    templates,
)
from karibu.journeys.forms.waits import (
    AskForm,
    RateForm,
    WaitDateForm,
    WaitForForm,
    WaitForm,
    WaitRhythmForm,
    WaitUntilForm,
)
from karibu.journeys.forms.ways import BranchForm, CheckForm, ExperimentForm, ReactionForm, SplitForm
from karibu.journeys.steps import Step

FORMS: dict[str, type[StepForm]] = {
    "wait": WaitForm,
    "wait_until": WaitUntilForm,
    "wait_date": WaitDateForm,
    "wait_for": WaitForForm,
    "wait_rhythm": WaitRhythmForm,
    "send": SendForm,
    "branch": BranchForm,
    "check": CheckForm,
    "reaction": ReactionForm,
    "split": SplitForm,
    "experiment": ExperimentForm,
    "coupon": CouponForm,
    "recommend": RecommendForm,
    "task": TaskForm,
    "webhook": WebhookForm,
    "rate": RateForm,
    "update": UpdateForm,
    "consent": ConsentForm,
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
        "wait_date": {"trait": "birthday"},
        "wait_for": {"happens": {"event": "Order Completed"}, "within": {"days": 3}},
        "wait_rhythm": {},
        "send": {"template": next(iter(dict(templates())), "cart-reminder")},
        "branch": {"if": {"trait": "orders", "op": "gte", "value": 1}},
        "check": {"entry": {"property": "value", "op": "gte", "value": 50}},
        "split": {"shares": {"A": 50, "B": 50}, "salt": secrets.token_hex(4)},
        "reaction": {"did": "clicked"},
        "experiment": {"shares": {"A": 50, "B": 50}, "salt": secrets.token_hex(4)},
        "coupon": {"pool": next((pk for pk, _name in pools()), 0)},
        "recommend": {"count": 4},
        "task": {"title": _("Call them")},
        "webhook": {"url": "https://example.com/karibu"},
        "rate": {"most": 100},
        "consent": {"wording": _("I want to hear of offers.")},
        "update": {"trait": "stage", "value": "new"},
        "unsubscribe": {"channel": "email"},
        "ask": {"question": _("Shall this person go on?"), "within": {"days": 3}},
        "hand_over": {"journey": next((pk for pk, _name in by_hand()), 0)},
        "leave": {},
    }
    return {kind: kinds[kind]}
