"""What the owner enters about the shop's money."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.shop.rates import shop_currency


class RateForm(forms.Form):
    currency = forms.RegexField(r"^[A-Za-z]{3}$", label=_("Currency"), help_text=_("Three letters: KES, EUR."))
    day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = forms.DecimalField(
        label=_("Rate"), max_digits=20, decimal_places=10, min_value=0, help_text=_("What one of it is worth.")
    )

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code == shop_currency():
            raise forms.ValidationError(_("This is the shop's own currency."))
        return code

    def clean_rate(self) -> Any:
        rate = self.cleaned_data["rate"]
        if not rate:
            raise forms.ValidationError(_("A currency that is worth nothing needs no rate."))
        return rate
