"""The shell's forms: signing in, one's profile, the shop, colleagues, tokens."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from karibu.web import choices
from karibu.web.models import Shop, Token, User


class SignIn(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class AskForLink(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))


class Profile(forms.ModelForm):  # type: ignore[type-arg]
    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=choices.zones, help_text=_("Times are shown to you in this zone.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=choices.languages)

    class Meta:
        model = User
        fields = ["name", "timezone", "language"]


class Password(forms.Form):
    """Sets a password; where there is one already, the old one is asked for."""

    old = forms.CharField(
        label=_("Present password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        help_text=_("At least 10 characters, and not one that everybody uses."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_usable_password():
            del self.fields["old"]

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError(_("This is not your present password."))
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new


class ShopForm(forms.ModelForm):  # type: ignore[type-arg]
    currency = forms.ChoiceField(
        label=_("Currency"), choices=choices.currencies, help_text=_("Totals are counted in this currency.")
    )
    timezone = forms.ChoiceField(
        label=_("Time zone"), choices=choices.zones, help_text=_("Where the shop's day begins and ends.")
    )
    url = forms.URLField(
        label=_("Web address"), required=False, assume_scheme="https", help_text=_("Where shoppers find you.")
    )
    country = forms.ChoiceField(label=_("Country"), choices=choices.countries, required=False)

    class Meta:
        model = Shop
        fields = [
            *("name", "url", "currency", "timezone", "country", "address"),
            *("sender_name", "sender_email", "reply_to", "unsubscribe_email"),
        ]
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "address": _("Stands under every marketing mail; most countries' laws want it."),
            "sender_name": _("Whom your mails come from. Empty: the shop's name."),
            "reply_to": _("Where an answer to your mails arrives. Empty: at the sender e-mail."),
            "unsubscribe_email": _(
                "Marketing mails can be left with one click. Mail programs that would rather write use this address, "
                "so fill it in only if somebody reads it and withdraws the consent. Empty: the link alone."
            ),
        }


class Invite(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices, initial=User.Role.MARKETER)


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Token
        fields = ["name", "role"]
        labels = {"name": _("Name"), "role": _("Role")}
        help_texts = {"name": _("What will use it, such as “till” or “accounting”."), "role": _("What it may do.")}
