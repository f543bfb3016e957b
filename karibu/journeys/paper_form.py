"""The form that takes in an exported journey: a file, or its text."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.exporting import LARGEST


class PaperForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("A journey that was exported from Karibu: a .json file."),
        widget=forms.ClearableFileInput({"accept": ".json,application/json"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
    )

    def clean(self) -> None:
        if not self.cleaned_data.get("file") and not (self.cleaned_data.get("text") or "").strip():
            raise forms.ValidationError(_("Choose a file, or put in its text."))

    def raw(self) -> bytes:
        """What was given; the file goes before the text."""
        file = self.cleaned_data.get("file")
        return file.read(LARGEST + 1) if file else str(self.cleaned_data["text"]).encode()
