"""Forms on a customer's page."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.consents import suppressing, topics
from karibu.consents.methods import CHANNELS, Basis, Method
from karibu.consents.models import Consent, Suppression, Topic
from karibu.consents.statement import Statement


class ConsentForm(forms.Form):
    """What a person told a colleague."""

    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=CHANNELS)
    topic = forms.ChoiceField(label=gettext_lazy("Topic"))
    status = forms.ChoiceField(
        label=gettext_lazy("They"),
        choices=[(one.value, one.label) for one in (Consent.Status.GIVEN, Consent.Status.WITHDRAWN)],
    )
    evidence = forms.CharField(
        label=gettext_lazy("How do you know?"),
        max_length=300,
        help_text=gettext_lazy("A call, a letter, when and by whom."),
    )
    wording = forms.CharField(
        label=gettext_lazy("What were they asked?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Word for word, as it was read or shown to them."),
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("Permitted by"), choices=Basis.choices, initial=Basis.CONSENT, required=False
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["topic"].choices = topics.choices()  # type: ignore[attr-defined]

    def statement(self, customer_id: int, *, by: str) -> Statement:
        said = {**self.cleaned_data, "basis": self.cleaned_data["basis"] or Basis.CONSENT}
        return Statement(customer_id=customer_id, method=Method.AGENT, source=by, at=timezone.now(), **said)


class TopicForm(forms.ModelForm):  # type: ignore[type-arg]
    """Its name and description, and the same in other languages."""

    class Meta:
        model = Topic
        fields = ["name", "key", "description", "is_default", "place"]
        labels = {
            "name": gettext_lazy("Name"),
            "key": gettext_lazy("Key"),
            "description": gettext_lazy("Description"),
            "is_default": gettext_lazy("New forms ask for it"),
            "place": gettext_lazy("Place in the list"),
        }
        help_texts = {
            "key": gettext_lazy("What events and templates call it, such as `news`. It stays as it is."),
            "description": gettext_lazy("One sentence that tells people what they would get, and how often."),
        }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.instance.pk or self.instance.key:
            del self.fields["key"]
        for language in topics.LANGUAGES:
            words = self.instance.texts.get(language, {})
            for part, label in (("name", gettext_lazy("Name")), ("description", gettext_lazy("Description"))):
                field = forms.CharField(label=label, max_length=300, required=False, initial=words.get(part, ""))
                self.fields[f"{part}_{language}"] = field

    def by_language(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(one, [self[f"name_{one}"], self[f"description_{one}"]]) for one in topics.LANGUAGES]

    def save(self, commit: bool = True) -> Any:
        topic = super().save(commit=False)
        topic.texts = topics.texts_of(self.cleaned_data)
        return topic


class SuppressForm(forms.Form):
    """An address, or many: one on each line, or a file of them."""

    MOST = 20 * 1024 * 1024  # bytes of a file

    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=CHANNELS[:3])
    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One on each line: e-mail addresses, or phone numbers with their country."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        help_text=gettext_lazy("The suppression list of another system (CSV or text): every address in it is blocked."),
    )
    reason = forms.ChoiceField(label=gettext_lazy("Because"), choices=Suppression.Reason.choices, initial="manual")
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("file") and said["file"].size > self.MOST:
            raise forms.ValidationError(_("The file is larger than 20 MB. Cut it into parts."))
        if "channel" not in said:
            return said
        text = said.get("addresses", "")
        if said.get("file"):
            text += "\n" + said["file"].read().decode("utf-8-sig", "replace")
        said["found"] = suppressing.addresses_in(text, said["channel"])
        if not said["found"]:
            raise forms.ValidationError(_("There is no address in it."))
        return said


class LiftForm(forms.Form):
    because = forms.CharField(
        label=gettext_lazy("Why may it be written to again?"),
        max_length=300,
        help_text=gettext_lazy("It stands in the audit log."),
    )


class EraseForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Type the customer's number to do it"))

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
        self.fields["number"].label = _("Type how many customers they are")

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"].strip()
        if typed != self.expected:
            raise forms.ValidationError(_("That is not how many they are."))
        return typed
