"""The forms of steps that wait."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.journeys.forms.base import DateForm, LengthForm, RuleForm, StepForm
from karibu.journeys.weekdays import DAYS


class WaitForm(LengthForm):
    quiet = forms.BooleanField(label=_("Start anew whenever something more happens with it"), required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**LengthForm.shown(step), "quiet": step.quiet}

    def settings(self) -> dict[str, Any]:
        return {"wait": {**self.written(), "quiet": True} if self.cleaned_data["quiet"] else self.written()}


class WaitUntilForm(StepForm):
    at = forms.CharField(label=_("Time where the person is"), widget=forms.TimeInput({"type": "time"}))
    weekdays = forms.MultipleChoiceField(
        label=_("Only on"),
        choices=list(enumerate(DAYS)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: on any day."),
    )

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"at": step.at, "weekdays": [str(day) for day in step.weekdays]}

    def settings(self) -> dict[str, Any]:
        days = [int(day) for day in self.cleaned_data["weekdays"]]
        return {"wait_until": {"at": self.cleaned_data["at"], **({"weekdays": days} if days else {})}}


class WaitDateForm(DateForm):
    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return DateForm.date_shown(step)

    def settings(self) -> dict[str, Any]:
        return {"wait_date": self.date_written()}


class RateForm(StepForm):
    most = forms.IntegerField(label=_("At most so many people"), min_value=1, max_value=1_000_000)
    per = forms.ChoiceField(label=_("In a"), choices=[("minute", _("minute")), ("hour", _("hour")), ("day", _("day"))])

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"most": step.most, "per": step.per}

    def settings(self) -> dict[str, Any]:
        return {"rate": dict(self.cleaned_data)}


class WaitForForm(RuleForm, LengthForm):
    field_order = ("event", "property", "op", "value", "length", "unit")

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**LengthForm.shown(step.within), **RuleForm.rule_shown(step.happens)}

    def settings(self) -> dict[str, Any]:
        return {"wait_for": {"happens": self.rule_written(), "within": self.written()}}


class WaitRhythmForm(RuleForm, LengthForm):
    """The length is for whoever has no rhythm yet."""

    percent = forms.IntegerField(label=_("Percent of their usual time"), min_value=10, max_value=300)
    field_order = ("event", "property", "op", "value", "percent", "length", "unit")

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**WaitForForm.values(step), "percent": step.percent}

    def settings(self) -> dict[str, Any]:
        said = {"happens": self.rule_written(), "within": self.written(), "percent": self.cleaned_data["percent"]}
        return {"wait_rhythm": said}


class AskForm(LengthForm):
    question = forms.CharField(label=_("Question"), max_length=300)
    field_order = ("question", "length", "unit")

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {**LengthForm.shown(step.within), "question": step.question}

    def settings(self) -> dict[str, Any]:
        return {"ask": {"question": self.cleaned_data["question"], "within": self.written()}}
