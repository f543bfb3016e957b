"""Forms on a customer's page."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.consents.models import Consent
from karibu.consents.statement import EVERYTHING, OFFERS, Statement

CHANNELS = [
    ("email", gettext_lazy("E-mail")),
    ("sms", "SMS"),
    ("whatsapp", "WhatsApp"),
    ("push", "Push"),
    ("ads", gettext_lazy("Ads")),
]
TOPICS = [(OFFERS, gettext_lazy("offers")), (EVERYTHING, gettext_lazy("everything"))]


class ConsentForm(forms.Form):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=CHANNELS)
    topic = forms.ChoiceField(
        label=gettext_lazy("Topic"),
        choices=TOPICS,
    )
    status = forms.ChoiceField(label=gettext_lazy("They"), choices=Consent.Status.choices)
    evidence = forms.CharField(label=gettext_lazy("How do you know?"), max_length=300)

    def statement(self, customer_id: int, *, by: str) -> Statement:
        said = self.cleaned_data
        return Statement(
            customer_id=customer_id,
            channel=said["channel"],
            topic=said["topic"],
            status=said["status"],
            evidence=said["evidence"],
            method="agent",
            source=by,
            at=timezone.now(),
        )


class EraseForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Type the customer's number to erase them"))

    def __init__(self, *arguments: Any, number: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.expected = str(number)
        self.fields["number"].widget.attrs["autocomplete"] = "off"

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"].strip()
        if typed != self.expected:
            raise forms.ValidationError(_("That is not this customer's number."))
        return typed


class EraseManyForm(EraseForm):
    """Asks for how many they are."""

    def __init__(self, *arguments: Any, number: int, **options: Any) -> None:
        super().__init__(*arguments, number=number, **options)
        self.fields["number"].label = _("Type how many customers are to be erased")

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"].strip()
        if typed != self.expected:
            raise forms.ValidationError(_("That is not how many they are."))
        return typed
