"""The form of templates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from karibu.messages import preview
from karibu.messages.models import Template


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Template
        fields = ["name", "topic", "is_marketing", "subject", "body", "text"]
        labels = {
            "name": gettext_lazy("Name"),
            "topic": gettext_lazy("Topic"),
            "is_marketing": gettext_lazy("Marketing: needs consent, carries an unsubscribe link"),
            "subject": gettext_lazy("Subject"),
            "body": gettext_lazy("Body (MJML with Liquid)"),
            "text": gettext_lazy("Plain text (Liquid; empty: derived from the body)"),
        }
        widgets = {
            "subject": forms.TextInput,
            "body": forms.Textarea(attrs={"spellcheck": "false", "wrap": "off"}),
            "text": forms.Textarea(attrs={"spellcheck": "false"}),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for fault in preview.faults(self._candidate(cleaned)):
            self.add_error(fault.field, fault.words)
        return cleaned

    def _candidate(self, cleaned: dict[str, Any]) -> Template:
        fields = {name: cleaned.get(name) for name in self.Meta.fields if cleaned.get(name) is not None}
        return Template(key=self.instance.key or "new", **fields)
