"""What is entered about coupon pools."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.shop.models import CouponPool

MOST = 1_000_000  # codes of one form


class PoolForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = CouponPool
        fields = ["name", "fallback", "low_water"]
        labels = {"name": _("Name"), "fallback": _("Fall-back code"), "low_water": _("Warn when so few are left")}
        help_texts = {
            "fallback": _("One code for everybody, for when no own code is left. Empty: then nobody gets one."),
            "low_water": _("Home says so then. 0: never."),
        }


class CodesForm(forms.Form):
    number = forms.IntegerField(
        label=_("Make so many"), required=False, min_value=1, max_value=MOST,
        help_text=_("Random codes that nobody can guess. Teach them to your shop: its CSV has them."),
    )  # fmt: skip
    beginning = forms.RegexField(
        r"^[A-Za-z0-9_-]{0,20}$", label=_("Beginning with"), required=False, help_text=_("Such as KARIBU-.")
    )
    text = forms.CharField(
        label=_("Or codes of your shop"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line."),
    )  # fmt: skip
    file = forms.FileField(
        label=_("Or a file of them"), required=False, help_text=_("One a line, or a CSV's first column.")
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not given.get("number") and not self.lines():
            raise forms.ValidationError(_("Say how many codes to make, or bring some along."))
        return given

    def lines(self) -> list[str]:
        """The codes that were brought along."""
        file = self.cleaned_data.get("file")
        brought = file.read().decode("utf-8", "replace") if file else ""
        if file:
            file.seek(0)
        return [*str(self.cleaned_data.get("text") or "").splitlines(), *brought.splitlines()]
