"""The forms of a channel's page, made of what its providers say that they need."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels import accounts
from karibu.messages.channels.connecting import CannotConnect, Provider
from karibu.messages.channels.models import Account


class ConnectForm(forms.Form):
    """One field for each thing that the provider needs; secrets are never filled in again."""

    def __init__(self, kind: str, provider: Provider, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.provider = kind, provider
        for field in provider.fields:
            widget = forms.PasswordInput(attrs={"autocomplete": "off"}) if field.is_secret else forms.TextInput()
            self.fields[field.name] = forms.CharField(
                label=field.label, help_text=field.help, required=field.is_required, widget=widget, max_length=4000
            )
        if provider.base_url:
            self.fields["base_url"] = forms.URLField(
                label=_("Address of the provider"),
                initial=provider.base_url,
                assume_scheme="https",
                help_text=_("Leave it as it is, unless the provider gave you another region."),
            )

    def account(self) -> Account:
        """The account as filled in, tried out with the provider. Raises CannotConnect."""
        secret = {field.name for field in self.provider.fields if field.is_secret}
        given = {name: str(value) for name, value in self.cleaned_data.items() if value}
        account = accounts.draft(
            self.kind,
            self.provider.key,
            {name: value for name, value in given.items() if name not in secret},
            {name: value for name, value in given.items() if name in secret},
        )
        try:
            account.name = self.provider.check(account)[:200]
        except KeyError as error:
            raise CannotConnect(
                _("Something that is needed was left out: %(name)s") % {"name": error.args[0]}
            ) from error
        return account


class TestForm(forms.Form):
    to = forms.CharField(label=_("To"), max_length=300)
    text = forms.CharField(label=_("Text"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
