"""The forms of steps that several ways lead on from."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.forms.base import OPERATORS, ConditionForm, StepForm, compared, spelled
from karibu.journeys.forms.deeds import templates


class BranchForm(ConditionForm):
    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return ConditionForm.condition_shown(step.condition)

    def settings(self) -> dict[str, Any]:
        return {"branch": {"if": self.condition_written()}}


class CheckForm(StepForm):
    property = forms.CharField(label=gettext_lazy("Property of what brought them in"), max_length=200)
    op = forms.ChoiceField(label=gettext_lazy("Comparison"), choices=OPERATORS)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=1000, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"property": step.entry.property, "op": step.entry.op, "value": spelled(step.entry.value)}

    def settings(self) -> dict[str, Any]:
        return {"check": {"entry": compared(self.cleaned_data)}}


class ReactionForm(StepForm):
    template = forms.ChoiceField(label=gettext_lazy("Message"), required=False)
    did = forms.ChoiceField(
        label=gettext_lazy("What became of it"),
        choices=[
            ("sent", gettext_lazy("it left")),
            ("delivered", gettext_lazy("it arrived")),
            ("opened", gettext_lazy("it was opened")),
            ("clicked", gettext_lazy("it was clicked")),
            ("bounced", gettext_lazy("it came back")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = [("", _("any of this journey")), *templates()]  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"template": step.template, "did": step.did}

    def settings(self) -> dict[str, Any]:
        return {"reaction": dict(self.cleaned_data)}


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


class ExperimentForm(SplitForm):
    holdout = forms.CharField(
        label=gettext_lazy("The holdout"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("The name of the way that is only compared with, if there is one."),
    )
    certainty = forms.IntegerField(label=gettext_lazy("Decide at a certainty of (%)"), min_value=80, max_value=99)
    fewest = forms.IntegerField(
        label=gettext_lazy("After so many people on each way"), min_value=10, max_value=1_000_000
    )

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        more = {"holdout": step.holdout, "certainty": step.certainty, "fewest": step.fewest}
        return {**SplitForm.values(step), **more}

    def settings(self) -> dict[str, Any]:
        return {"experiment": dict(self.cleaned_data)}
