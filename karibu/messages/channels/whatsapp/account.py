"""Who carries WhatsApp: the Cloud API of Meta."""

import hashlib
import hmac

from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.connecting import Field, Provider, ask_provider
from karibu.messages.channels.http import Call
from karibu.messages.channels.models import Account
from karibu.messages.channels.whatsapp import templates


def _check(account: Account) -> str:
    headers = {"Authorization": f"Bearer {account.secrets['access_token']}"}
    number = f"{account.base_url}/{account.settings['phone_number_id']}?fields=verified_name,display_phone_number"
    said = ask_provider(Call(method="GET", url=number, headers=headers)).json
    return f"{said.get('verified_name', '')} {said.get('display_phone_number', '')}".strip()


def _opened(account: Account) -> None:
    """Subscribes the app to the business account, without which nothing is told to us; then fetches the templates."""
    headers = {"Authorization": f"Bearer {account.secrets['access_token']}"}
    ask_provider(Call(url=f"{account.base_url}/{account.settings['business_id']}/subscribed_apps", headers=headers))
    templates.sync(account)


def verify_token(account: Account) -> str:
    """What Meta hands back when the address is entered there; made of the account's own token."""
    return hmac.new(account.token.encode(), b"verify token", hashlib.sha256).hexdigest()[:32]


PROVIDERS = [
    Provider(
        key="meta",
        label="WhatsApp Cloud API",
        base_url="https://graph.facebook.com/v23.0",
        fields=(
            Field("phone_number_id", _("Phone number ID"), _("App dashboard → WhatsApp → API setup.")),
            Field("business_id", _("WhatsApp business account ID"), _("On the same page, below it.")),
            Field(
                "access_token",
                _("Access token"),
                _("Of a system user, so that it does not expire, with whatsapp_business_messaging and _management."),
                is_secret=True,
            ),
            Field("app_secret", _("App secret"), _("App settings → Basic; signs Meta's calls."), is_secret=True),
        ),
        check=_check,
        opened=_opened,
        teaches=_("Straight from Meta, without a reseller."),
        hook=_(
            "App dashboard → WhatsApp → Configuration → Webhook: enter this as callback URL. Subscribe to messages, "
            "message_template_status_update, message_template_quality_update, message_template_components_update, "
            "template_category_update, account_update and user_preferences."
        ),
    )
]
