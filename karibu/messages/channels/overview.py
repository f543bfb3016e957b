"""What the settings pages say of each channel."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.models import Account, Inbound, Receipt


@dataclass(frozen=True)
class Place:
    """A channel in words. `teaches` is for who has never used it; `address` is what one writes to."""

    kind: str
    label: Any
    text: Any
    icon: str
    teaches: Any
    address: Any


CHANNELS: dict[str, Place] = {
    place.kind: place
    for place in (
        Place(
            "email",
            _("E-mail by a provider"),
            _("Mail by a provider's own interface, instead of an SMTP server."),
            "inbox",
            _(
                "A provider delivers your mail and tells Karibu what arrived, bounced or was reported as spam. Without "
                "one, mail leaves over the SMTP server of this installation, or stays in the built-in mailbox."
            ),
            _("E-mail address"),
        ),
        Place(
            "sms",
            _("SMS"),
            _("Short texts to any phone."),
            "phone",
            _(
                "Short texts that reach any phone, also without the internet. You need an account at a provider, "
                "which charges for each part of an SMS. People stop it with the word STOP, which Karibu obeys at once."
            ),
            _("Phone number, with country code"),
        ),
        Place(
            "whatsapp",
            _("WhatsApp"),
            _("Chats and approved templates by the Cloud API."),
            "messages",
            _(
                "Who writes to you may be answered freely for 24 hours. After that WhatsApp takes only templates that "
                "it has approved: write the same text here, with names where the template has numbers, and Karibu "
                "sends it as that template. You need a WhatsApp business account and an app in Meta's dashboard."
            ),
            _("Phone number, with country code. Write to your shop's number from it first."),
        ),
        Place(
            "push",
            _("Web push"),
            _("Notifications in browsers, also when your shop is not open there."),
            "globe",
            _(
                "A shopper who allows it gets notifications from your shop's own site. Your shop needs one small file "
                "and one button; both are shown here once you have made your keys."
            ),
            "",
        ),
        Place(
            "telegram",
            _("Telegram"),
            _("Chats with a bot of your own."),
            "messages",
            _("Whoever follows a customer's own link and presses Start in the chat can be written to, until /stop."),
            _("Number of a chat with the bot"),
        ),
        Place(
            "social",
            _("Social networks"),
            _("Posts to everybody who follows your shop: Mastodon, Bluesky and others."),
            "campaigns",
            _("Posts are planned on the page Posts and appear at their hour."),
            "",
        ),
    )
}


def place(kind: str) -> Place:
    return CHANNELS[kind]


def places() -> list[dict[str, Any]]:
    """Each channel with its account, in one query."""
    used = {account.kind: account for account in Account.objects.filter(closed_at=None)}
    return [{"it": one, "account": used.get(one.kind)} for one in CHANNELS.values()]


def figures(kind: str, account: Account | None) -> dict[str, Any]:
    """What the last 30 days brought on this account."""
    if account is None:
        return {}
    since = timezone.now() - timedelta(days=30)
    taken = Receipt.objects.filter(account=account, at__gte=since)
    counted = dict(taken.values_list("state").annotate(Count("message_id")))
    return {
        "taken": sum(counted.values()),
        "arrived": counted.get("delivered", 0) + counted.get("read", 0),
        "lost": counted.get("failed", 0),
        "parts": taken.aggregate(sum=Sum("parts"))["sum"] or 0,
        "inbound": Inbound.objects.filter(account=account, at__gte=since).count(),
    }
