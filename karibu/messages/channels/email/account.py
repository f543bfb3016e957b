"""Who carries e-mail instead of an SMTP server: providers by their HTTP interface (django-anymail).

Amazon SES has none here: mail leaves over its SMTP server (KARIBU_SMTP_URL), and what it says of mails is heard here,
by way of SNS (sns.py).
"""

import warnings
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailWarning
from anymail.utils import collect_all_methods
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.connecting import Field, Provider
from karibu.messages.channels.models import Account

_KEY = Field("api_key", _("API key"), is_secret=True)
_HOOK_SECRET = Field(
    "webhook_secret",
    _("Name and password of its calls"),
    _("As name:password, the same as in the address that you enter at the provider. Else the address is the secret."),
    is_secret=True,
    is_required=False,
)
_HOOK = _("Enter this address as the webhook for deliveries, bounces and complaints, and for mail that comes in:")


@dataclass(frozen=True)
class Service:
    """One provider of django-anymail: its modules, the classes that send and listen, and what ours is called there."""

    provider: Provider
    view: str
    is_sns: bool = False  # it carries nothing for us, and tells of mails by way of Amazon's SNS
    renamed: dict[str, str] = field(default_factory=dict)  # our field: anymail's option

    @property
    def sends(self) -> bool:
        return not self.is_sns

    def backend(self, account: Account) -> Any:
        """What sends. It makes no connection before it is used."""
        options = {self.renamed.get(name, name): value for name, value in self._given(account) if "webhook" not in name}
        if account.base_url:
            options["api_url"] = account.base_url + "/"
        return import_module(f"anymail.backends.{account.provider}").EmailBackend(**options)

    def listener(self, account: Account) -> Any:
        """What reads the provider's calls about our mails."""
        return self._view(account, self.view)

    def reader(self, account: Account) -> Any:
        """What reads its calls that bring a mail."""
        return self._view(account, self.view.replace("Tracking", "Inbound"))

    def _view(self, account: Account, name: str) -> Any:
        kind = getattr(import_module(f"anymail.webhooks.{account.provider}"), name)
        given = {self.renamed.get(name, name): value for name, value in self._given(account)}
        secret = [given["webhook_secret"]] if given.get("webhook_secret") else []
        if self.is_sns:
            return _bare(kind)
        options = {name: given[name] for name in given if hasattr(kind, name) or name == "api_key"}
        with warnings.catch_warnings():  # of an address without a password: ours is a secret itself
            warnings.simplefilter("ignore", AnymailWarning)
            return kind(**options, webhook_secret=secret)

    @staticmethod
    def _given(account: Account) -> list[tuple[str, str]]:
        known = {**account.settings, **account.secrets}
        return [(name, str(value)) for name, value in known.items() if name != "base_url"]


def _bare(kind: Any) -> Any:
    """Amazon's, without Amazon's own library, which only mail in a bucket needs. sns.py looked at its signature."""
    made = kind.__new__(kind)
    made.basic_auth, made.auto_confirm_enabled = [], False
    made.validators = collect_all_methods(kind, "validate_request")
    return made


def _listed(account: Account) -> str:
    """Providers differ in what a key may ask; a test message is the proof."""
    return str(account.settings.get("sender_domain", "")) or account.provider.capitalize()


def _service(key: str, label: str, view: str, base_url: str, *fields: Field, **options: Any) -> Service:
    provider = Provider(
        key=key, label=label, base_url=base_url, fields=fields if options.get("is_sns") else (*fields, _HOOK_SECRET),
        check=_listed, hook=_HOOK,
        teaches=options.pop("teaches", ""),
    )  # fmt: skip
    return Service(provider, view, **options)


_SENDGRID_KEY = Field(
    "webhook_verification_key",
    _("Verification key of its calls"),
    _("In SendGrid's settings of the event webhook, where signing is switched on."),
    is_required=False,
)
_MAILGUN_KEY = Field("webhook_signing_key", _("Signing key of its calls"), is_secret=True, is_required=False)
SERVICES: dict[str, Service] = {
    one.provider.key: one
    for one in (
        _service("brevo", "Brevo", "BrevoTrackingWebhookView", "https://api.brevo.com/v3", _KEY),
        _service(
            "mailgun", "Mailgun", "MailgunTrackingWebhookView", "https://api.mailgun.net/v3", _KEY,
            Field("sender_domain", _("Domain"), _("As it is called at Mailgun.")), _MAILGUN_KEY,
        ),
        _service(
            "mailjet", "Mailjet", "MailjetTrackingWebhookView", "https://api.mailjet.com/v3.1", _KEY,
            Field("secret_key", _("Secret key"), is_secret=True),
        ),
        _service(
            "postmark", "Postmark", "PostmarkTrackingWebhookView", "https://api.postmarkapp.com",
            Field("server_token", _("Server API token"), is_secret=True),
            Field("message_stream", _("Message stream"), is_required=False),
        ),
        _service(
            "sendgrid", "SendGrid", "SendGridTrackingWebhookView", "https://api.sendgrid.com/v3", _KEY, _SENDGRID_KEY
        ),
        _service("sparkpost", "SparkPost", "SparkPostTrackingWebhookView", "https://api.sparkpost.com/api/v1", _KEY),
        _service(
            "amazon_ses", "Amazon SES", "AmazonSESTrackingWebhookView", "",
            Field(
                "aws_account", _("Number of your AWS account"),
                _("Twelve digits; topics of others are refused. Empty: that of the first topic that is subscribed."),
                is_required=False,
            ),
            is_sns=True,
            teaches=_("Mail leaves over the SMTP server of SES; its notifications come here, by way of an SNS topic"
                      " with an HTTPS subscription to the address below. It confirms itself; calls must be signed."),
        ),
    )
}  # fmt: skip
PROVIDERS: list[Provider] = [service.provider for service in SERVICES.values()]


def service(account: Account) -> Service:
    return SERVICES[account.provider]
