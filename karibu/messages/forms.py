"""Forms of templates and rules."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.messages import preview
from karibu.messages.models import Rules, Template


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


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Rules
        fields = ["gap_hours", "quiet_from", "quiet_until"]
        labels = {
            "gap_hours": gettext_lazy("Hours between two marketing messages to one person"),
            "quiet_from": gettext_lazy("Quiet from"),
            "quiet_until": gettext_lazy("Quiet until"),
        }
        help_texts = {
            "gap_hours": gettext_lazy("0: no limit. What comes sooner is held, not lost."),
            "quiet_from": gettext_lazy("In the person's own time zone. Empty: any hour will do."),
        }
        widgets = {
            "gap_hours": forms.NumberInput(attrs={"min": 0, "max": 720}),
            "quiet_from": forms.TimeInput(attrs={"type": "time"}),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not 0 <= (cleaned.get("gap_hours") or 0) <= 720:
            self.add_error("gap_hours", _("Between 0 and 720 hours."))
        if (cleaned.get("quiet_from") is None) != (cleaned.get("quiet_until") is None):
            self.add_error("quiet_until", _("Quiet hours need a beginning and an end."))
        return cleaned
