"""The forms of the first card: what brings people in, one for each kind of door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.journeys.entries import Entry
from karibu.journeys.entries.form import forms as signups
from karibu.journeys.entries.threshold import predictions
from karibu.journeys.forms.base import TIME, DateForm, RuleForm, StepForm, segments, with_chosen
from karibu.journeys.weekdays import DAYS

# What can bring people in, in the order of the menu.
DOORS = {
    "event": _("Something they do"),
    "form": _("A sign-up form that they answer"),
    "segment": _("Entering a segment"),
    "left": _("Leaving a segment"),
    "date": _("A date of theirs: a birthday, a renewal"),
    "schedule": _("A schedule, for a whole segment"),
    "product": _("A product they looked at changes"),
    "prediction": _("A prediction that crosses a threshold"),
    "by_hand": _("A colleague, the API or another journey"),
}


class EventDoor(RuleForm):
    key = forms.CharField(
        label=_("A run of its own for each"),
        max_length=200,
        required=False,
        help_text=_("A property such as cart_id, order_id or product_id. Empty: one run for each person."),
    )
    field_order = ("event", "key", "property", "op", "value")

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**RuleForm.rule_shown(step), "key": step.key}

    def settings(self) -> dict[str, Any]:
        key = self.cleaned_data["key"].strip()
        return {**self.rule_written(), **({"key": key} if key else {})}


class SegmentDoor(StepForm):
    segment = forms.ChoiceField(label=_("Segment"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].choices = with_chosen(segments(), self["segment"].value())  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"segment": str(step.segment)}

    def settings(self) -> dict[str, Any]:
        return {"segment": int(self.cleaned_data["segment"])}


class LeftDoor(SegmentDoor):
    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "left": True}


class ByHandDoor(StepForm):
    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {}

    def settings(self) -> dict[str, Any]:
        return {"by_hand": True}


class DateDoor(DateForm):
    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return DateForm.date_shown(step.date)

    def settings(self) -> dict[str, Any]:
        return {"date": self.date_written()}


class ScheduleDoor(SegmentDoor):
    at = forms.CharField(label=_("Time where the shop is"), widget=TIME)
    weekdays = forms.MultipleChoiceField(
        label=_("Only on"), choices=list(enumerate(DAYS)), required=False, widget=forms.CheckboxSelectMultiple
    )
    day = forms.IntegerField(
        label=_("Or on this day of the month"),
        min_value=1,
        max_value=31,
        required=False,
        help_text=_("Neither: every day. A month without such a day: on its last."),
    )

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        rule = step.schedule
        days = [str(day) for day in rule.weekdays]
        return {"segment": str(rule.segment), "at": rule.at, "weekdays": days, "day": rule.day}

    def settings(self) -> dict[str, Any]:
        said = self.cleaned_data
        rule: dict[str, Any] = {"segment": int(said["segment"]), "at": said["at"]}
        if said["weekdays"]:
            rule["weekdays"] = [int(day) for day in said["weekdays"]]
        if said["day"]:
            rule["day"] = said["day"]
        return {"schedule": rule}


class ProductDoor(StepForm):
    change = forms.ChoiceField(
        label=_("What changes"),
        choices=[
            ("price_drop", _("Its price falls")),
            ("back_in_stock", _("It is in stock again")),
            ("low_stock", _("Few of it are left")),
        ],
    )
    did = forms.ChoiceField(
        label=_("For those who"),
        choices=[
            ("either", _("looked at it or put it into a cart")),
            ("viewed", _("looked at it")),
            ("carted", _("put it into a cart")),
        ],
    )
    within_days = forms.IntegerField(label=_("In the last so many days"), min_value=1, max_value=365)
    percent = forms.IntegerField(label=_("Where its price falls: by at least (%)"), min_value=1, max_value=99)
    at_most = forms.IntegerField(label=_("Where few are left: at most so many pieces"), min_value=1, max_value=10_000)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {name: getattr(step.product, name) for name in ("change", "did", "within_days", "percent", "at_most")}

    def settings(self) -> dict[str, Any]:
        return {"product": dict(self.cleaned_data)}


class FormDoor(StepForm):
    form = forms.ChoiceField(label=_("Sign-up form"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form"].choices = list(signups().items())  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"form": step.form}

    def settings(self) -> dict[str, Any]:
        return {"form": self.cleaned_data["form"]}


class PredictionDoor(StepForm):
    name = forms.ChoiceField(label=_("Prediction"))
    op = forms.ChoiceField(label=_("That"), choices=[("gte", _("rises to")), ("lte", _("falls to"))])
    value = forms.FloatField(label=_("Value"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].choices = list(predictions().items())  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"name": step.prediction.name, "op": step.prediction.op, "value": step.prediction.value}

    def settings(self) -> dict[str, Any]:
        return {"prediction": dict(self.cleaned_data)}


DOOR_FORMS: dict[str, type[StepForm]] = {
    "event": EventDoor,
    "form": FormDoor,
    "segment": SegmentDoor,
    "left": LeftDoor,
    "date": DateDoor,
    "schedule": ScheduleDoor,
    "product": ProductDoor,
    "prediction": PredictionDoor,
    "by_hand": ByHandDoor,
}


def door_form(entry: Entry, data: Any = None) -> StepForm:
    """The form of the entry, filled with its settings or bound to what was posted."""
    kind: Any = DOOR_FORMS[entry.kind]
    form: StepForm = kind(data, initial=kind.values(entry), prefix="entry")
    return form


def fresh_door(kind: str) -> dict[str, Any]:
    """An entry of this kind to begin with. Raises LookupError, also where the shop has nothing that it needs yet."""
    segment = next((int(pk) for pk, _name in segments()), None)
    doors: dict[str, dict[str, Any]] = {
        "event": {"event": "Order Completed"},
        "date": {"date": {"trait": "birthday"}},
        "product": {"product": {"change": "price_drop"}},
        "by_hand": {"by_hand": True},
    }
    if segment is not None:
        doors["segment"] = {"segment": segment}
        doors["left"] = {"segment": segment, "left": True}
        doors["schedule"] = {"schedule": {"segment": segment, "weekdays": [0]}}
    if signups():
        doors["form"] = {"form": next(iter(signups()))}
    if predictions():
        doors["prediction"] = {"prediction": {"name": next(iter(predictions())), "op": "gte", "value": 0.7}}
    return doors[kind]


def open_doors() -> dict[str, Any]:
    """Those of DOORS that the shop has what they need for."""
    has = {"segment": bool(segments()), "form": bool(signups()), "prediction": bool(predictions())}
    needs = {"left": "segment", "schedule": "segment"}
    return {kind: label for kind, label in DOORS.items() if has.get(needs.get(kind, kind), True)}
