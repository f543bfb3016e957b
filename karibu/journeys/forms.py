"""The forms behind the cards, one for each kind of step, and what a step says that was just put in."""

import json
import secrets
from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.models import Journey
from karibu.journeys.steps import Step
from karibu.journeys.steps.branch import Branch
from karibu.journeys.steps.wait import Wait
from karibu.journeys.steps.wait_until import DAYS
from karibu.messages import starters
from karibu.messages.models import Template
from karibu.segments.models import Segment

UNITS = (
    ("seconds", gettext_lazy("seconds")),
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
)
OPERATORS = (
    ("is", gettext_lazy("is")),
    ("is_not", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("gt", gettext_lazy("is above")),
    ("gte", gettext_lazy("is at least")),
    ("lt", gettext_lazy("is below")),
    ("lte", gettext_lazy("is at most")),
    ("exists", gettext_lazy("is known")),
    ("missing", gettext_lazy("is not known")),
)
_SECONDS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


class StepForm(forms.Form):
    """`values(step)` fills it, `settings()` is the step as it stands in the definition."""

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError


class LengthForm(StepForm):
    """A length in one unit; one that was written in several (1 hour 30 minutes) is shown in the smallest of them."""

    length = forms.IntegerField(label=gettext_lazy("How long"), min_value=1, max_value=10_000_000)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=UNITS)

    @staticmethod
    def shown(wait: Wait) -> dict[str, Any]:
        total = int(wait.length.total_seconds())
        seconds, unit = next((s, u) for s, u in _SECONDS if total % s == 0 and total >= s)
        return {"length": total // seconds, "unit": unit}

    def written(self) -> dict[str, int]:
        return {self.cleaned_data["unit"]: self.cleaned_data["length"]}


class WaitForm(LengthForm):
    quiet = forms.BooleanField(label=gettext_lazy("Start anew whenever something more happens with it"), required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**LengthForm.shown(step), "quiet": step.quiet}

    def settings(self) -> dict[str, Any]:
        return {"wait": {**self.written(), "quiet": True} if self.cleaned_data["quiet"] else self.written()}


class WaitUntilForm(StepForm):
    at = forms.CharField(label=gettext_lazy("Time where the person is"), widget=forms.TimeInput({"type": "time"}))
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Only on"),
        choices=list(enumerate(DAYS)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: on any day."),
    )

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"at": step.at, "weekdays": [str(day) for day in step.weekdays]}

    def settings(self) -> dict[str, Any]:
        days = [int(day) for day in self.cleaned_data["weekdays"]]
        return {"wait_until": {"at": self.cleaned_data["at"], **({"weekdays": days} if days else {})}}


class WaitForForm(LengthForm):
    event = forms.CharField(
        label=gettext_lazy("Until this happens"), max_length=200, help_text=gettext_lazy("The event's name.")
    )
    field_order = ("event", "length", "unit")
    where = forms.CharField(widget=forms.HiddenInput, required=False)  # conditions, kept as they are written

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        where = [{"property": c.property, "op": c.op, "value": c.value} for c in step.happens.where]
        return {**LengthForm.shown(step.within), "event": ", ".join(step.happens.names), "where": json.dumps(where)}

    def settings(self) -> dict[str, Any]:
        names = [name.strip() for name in self.cleaned_data["event"].split(",") if name.strip()]
        happens: dict[str, Any] = {"event": names[0] if len(names) == 1 else names}
        if where := _decoded(self.cleaned_data["where"]):
            happens["where"] = where
        return {"wait_for": {"happens": happens, "within": self.written()}}


class SendForm(StepForm):
    template = forms.ChoiceField(label=gettext_lazy("Message template"))
    channel = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = _templates()  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"template": step.template, "channel": step.channel}

    def settings(self) -> dict[str, Any]:
        channel = self.cleaned_data["channel"] or "email"
        return {"send": {"template": self.cleaned_data["template"], "channel": channel}}


class BranchForm(StepForm):
    """By a segment; a condition that is written in the definition itself is kept until a segment is chosen."""

    segment = forms.ChoiceField(label=gettext_lazy("Who is in the segment"), required=False)
    condition = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [("", _("the condition above"))]
        there = Segment.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
        self.fields["segment"].choices = own + [(str(pk), name) for pk, name in there]  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Branch) -> dict[str, Any]:
        named = step.condition.get("segment") if list(step.condition) == ["segment"] else None
        return {"segment": str(named or ""), "condition": json.dumps(step.condition)}

    def settings(self) -> dict[str, Any]:
        if chosen := self.cleaned_data["segment"]:
            return {"branch": {"if": {"segment": int(chosen)}}}
        return {"branch": {"if": _decoded(self.cleaned_data["condition"]) or {}}}


class CheckForm(StepForm):
    property = forms.CharField(label=gettext_lazy("Property of what brought them in"), max_length=200)
    op = forms.ChoiceField(label=gettext_lazy("Comparison"), choices=OPERATORS)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=1000, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        value = "" if step.entry.value is None else step.entry.value
        return {"property": step.entry.property, "op": step.entry.op, "value": value}

    def settings(self) -> dict[str, Any]:
        said = self.cleaned_data
        value = {} if said["op"] in ("exists", "missing") else {"value": _plain(said["value"])}
        return {"check": {"entry": {"property": said["property"], "op": said["op"], **value}}}


class SplitForm(StepForm):
    shares = forms.CharField(
        label=gettext_lazy("Ways and shares"),
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("A line each: “A 50”. They make 100 together; a way without steps is a holdout."),
    )
    salt = forms.CharField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"shares": "\n".join(f"{name} {share}" for name, share in step.shares.items()), "salt": step.salt}

    def clean_shares(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["shares"].splitlines())):
            name, _space, share = line.rpartition(" ")
            if not name or not share.rstrip("%").isdigit():
                raise forms.ValidationError(_("Write each way as “A 50”; this is none: %(line)s") % {"line": line})
            found[name.strip()] = int(share.rstrip("%"))
        return found

    def settings(self) -> dict[str, Any]:
        return {"split": {"shares": self.cleaned_data["shares"], "salt": self.cleaned_data["salt"]}}


class UpdateForm(StepForm):
    trait = forms.CharField(label=gettext_lazy("Trait"), max_length=200)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=1000)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"trait": step.trait, "value": step.value}

    def settings(self) -> dict[str, Any]:
        return {"update": {"trait": self.cleaned_data["trait"], "value": _plain(self.cleaned_data["value"])}}


class UnsubscribeForm(StepForm):
    channel = forms.CharField(label=gettext_lazy("Channel"), max_length=20)
    topic = forms.CharField(label=gettext_lazy("Topic"), max_length=40, help_text=gettext_lazy("* is every topic."))

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"channel": step.channel, "topic": step.topic}

    def settings(self) -> dict[str, Any]:
        return {"unsubscribe": {"channel": self.cleaned_data["channel"], "topic": self.cleaned_data["topic"]}}


class AskForm(LengthForm):
    question = forms.CharField(label=gettext_lazy("Question"), max_length=300)
    field_order = ("question", "length", "unit")

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**LengthForm.shown(step.within), "question": step.question}

    def settings(self) -> dict[str, Any]:
        return {"ask": {"question": self.cleaned_data["question"], "within": self.written()}}


class HandOverForm(StepForm):
    journey = forms.ChoiceField(label=gettext_lazy("Journey"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["journey"].choices = [(str(pk), name) for pk, name in _by_hand()]  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"journey": str(step.journey)}

    def settings(self) -> dict[str, Any]:
        return {"hand_over": {"journey": int(self.cleaned_data["journey"])}}


class LeaveForm(StepForm):
    because = forms.CharField(label=gettext_lazy("Because"), max_length=200, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"because": step.because}

    def settings(self) -> dict[str, Any]:
        return {"leave": {"because": self.cleaned_data["because"]} if self.cleaned_data["because"] else {}}


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
        "send": {"template": next(iter(dict(_templates())), "cart-reminder")},
        "branch": {"if": {"trait": "orders", "op": "gte", "value": 1}},
        "check": {"entry": {"property": "value", "op": "gte", "value": 50}},
        "split": {"shares": {"A": 50, "B": 50}, "salt": secrets.token_hex(4)},
        "update": {"trait": "stage", "value": "new"},
        "unsubscribe": {"channel": "email"},
        "ask": {"question": _("Shall this person go on?"), "within": {"days": 3}},
        "hand_over": {"journey": next((pk for pk, _name in _by_hand()), 0)},
        "leave": {},
    }
    return {kind: kinds[kind]}


def _by_hand() -> Iterable[tuple[int, str]]:
    """Journeys that take people in by hand."""
    return Journey.objects.filter(definition__entry__by_hand=True).order_by("name").values_list("pk", "name")


def _templates() -> list[tuple[str, str]]:
    known = dict(Template.objects.filter(channel="email").values_list("key", "name"))
    ours = {key: str(starters.read(key)["name"]) for key in starters.keys() if key not in known}  # noqa: SIM118
    return sorted({**ours, **known}.items(), key=lambda pair: pair[1])


def _plain(text: str) -> str | int | float:
    """A number where it is one."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if number == number and abs(number) < 1e15 else text
    return text


def _decoded(text: str) -> Any:
    """What a hidden field carried; None where somebody put something else into it."""
    try:
        return json.loads(text)
    except ValueError:
        return None
