"""The forms of steps that several ways lead on from."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.forms.base import OPERATORS, ConditionForm, StepForm, compared, spelled


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
