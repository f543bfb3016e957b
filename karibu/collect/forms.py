from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.collect.keeping import LONGEST
from karibu.collect.models import Keeping


class NewSource(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("Where the events come from, as you would say it.")
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("web", _("Web pages")), ("server", _("Server or till")), ("app", _("App"))],
    )


class Correction(forms.Form):
    body = forms.CharField(
        label=_("The event"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )


class KeepingForm(forms.ModelForm):  # type: ignore[type-arg]
    rejected_days = forms.IntegerField(
        label=_("Days that rejected events are kept"),
        min_value=1,
        max_value=LONGEST,
        help_text=_("Counted from when an event was received. They are whole events, with people in them."),
    )

    class Meta:
        model = Keeping
        fields = ["rejected_days"]
