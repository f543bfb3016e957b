"""What colleagues type about customers."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.customers import addresses
from karibu.customers.traits import COLUMNS
from karibu.web.queries import shop


class CustomerForm(forms.Form):
    """The columns of a customer. `changes` are those that differ from what was shown."""

    name = forms.CharField(label=_("Name"), max_length=COLUMNS["name"], required=False)
    email = forms.CharField(label=_("E-mail"), max_length=COLUMNS["email"], required=False)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        help_text=_("With the country code, or as it is dialled at home."),
    )
    country = forms.CharField(
        label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as RW or BR.")
    )
    city = forms.CharField(label=_("City"), max_length=COLUMNS["city"], required=False)
    language = forms.CharField(
        label=_("Language"), max_length=COLUMNS["language"], required=False, help_text=_("Such as en, sw or pt-BR.")
    )
    timezone = forms.CharField(
        label=_("Time zone"), max_length=COLUMNS["timezone"], required=False, help_text=_("Such as Africa/Kigali.")
    )

    def clean_email(self) -> str:
        return self._spelled("email", addresses.email(self.cleaned_data["email"]), _("This is no e-mail address."))

    def clean_country(self) -> str:
        typed = str(self.cleaned_data["country"]).upper()
        return self._spelled("country", typed if len(typed) == 2 and typed.isalpha() else "", _("Two letters, please."))

    def clean_timezone(self) -> str:
        typed = str(self.cleaned_data["timezone"])
        known = typed if typed in available_timezones() else ""
        return self._spelled("timezone", known, _("There is no such time zone."))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        if typed := given.get("phone"):
            number = addresses.phone(typed, given.get("country") or shop().country)
            if number:
                given["phone"] = number
            else:
                self.add_error("phone", _("This is no phone number: write it with its country code, such as +250…"))
        if not any(given.values()) and not self.errors and not self.initial:
            raise forms.ValidationError(_("Write at least one thing about the customer."))
        return given

    @property
    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value != self.initial.get(name, "")}

    def _spelled(self, field: str, spelled: str, wrong: Any) -> str:
        if self.cleaned_data[field] and not spelled:
            raise forms.ValidationError(wrong)
        return spelled
