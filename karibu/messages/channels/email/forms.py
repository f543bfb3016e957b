"""The forms of the mail settings."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.email.models import BounceBox, Pace
from karibu.web import sealed

ALGORITHMS = [("rsa", _("RSA, which every server knows")), ("ed25519", _("Ed25519, shorter and quicker"))]


class KeyForm(forms.Form):
    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **{"auto_id": "key_%s", **given})  # another form of the page asks for a domain, too

    domain = forms.RegexField(r"^[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", label=_("Domain of your sender address"))
    algorithm = forms.ChoiceField(label=_("Kind"), choices=ALGORITHMS)

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).lower()


class BoxForm(forms.ModelForm):  # type: ignore[type-arg]
    password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Sealed, and never shown again. Leave it empty to keep the one there is."),
    )

    class Meta:
        model = BounceBox
        fields = ("address", "host", "port", "is_encrypted", "user", "folder")
        labels = {
            "address": _("Address that mail comes back to"),
            "host": _("IMAP server"),
            "port": _("Port"),
            "is_encrypted": _("Encrypted (TLS)"),
            "user": _("User"),
            "folder": _("Folder"),
        }
        help_texts = {
            "address": _("Its server must deliver bounces+anything@… to it. Empty: to the sender's address."),
            "host": _("Empty where your mail server pipes bounces to `karibu bounce`."),
        }

    def save(self, commit: bool = True) -> BounceBox:
        box: BounceBox = super().save(commit=False)
        box.pk = 1
        if self.cleaned_data["password"]:
            box.sealed = sealed.seal({"password": self.cleaned_data["password"]})
        if {"host", "user", "folder", "port"} & set(self.changed_data):
            box.uid_validity, box.uid = 0, 0  # another mailbox counts anew
        box.trouble = ""
        box.save()
        return box


class PaceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Pace
        fields = ("domain", "first", "growth", "most")
        labels = {
            "domain": _("Domain"),
            "first": _("Mails on the first day"),
            "growth": _("More each day, in percent"),
            "most": _("Never more than"),
        }
        help_texts = {"domain": _("Empty: every domain without a plan of its own."), "most": _("0: without end.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first"].min_value = self.fields["most"].min_value = 0  # type: ignore[attr-defined]

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().lower()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if any((found.get(name) or 0) < 0 for name in ("first", "growth", "most")):
            raise forms.ValidationError(_("A plan counts upwards from nought."))
        return found

    def save(self, commit: bool = True) -> Pace:
        pace: Pace = super().save(commit=False)
        pace.since = timezone.now().date()
        pace.save()
        return pace
