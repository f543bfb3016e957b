"""Who carries posts: a Mastodon server, or a service that apprise speaks to."""

import apprise
from django.utils.translation import gettext_lazy as _

from karibu.messages.channels.connecting import CannotConnect, Field, Provider, ask_provider
from karibu.messages.channels.http import Call
from karibu.messages.channels.models import Account

# Of apprise's services those where a post is to everybody who follows the shop.
SCHEMES = ("bluesky", "bsky", "x", "twitter", "reddit", "discord", "slack", "mastodon", "mastodons", "toot", "toots")


def _check_mastodon(account: Account) -> str:
    headers = {"Authorization": f"Bearer {account.secrets['access_token']}"}
    url = f"{account.base_url}/api/v1/accounts/verify_credentials"
    said = ask_provider(Call(method="GET", url=url, headers=headers)).json
    return f"@{said.get('acct', '')}"


def _check_apprise(account: Account) -> str:
    url = account.secrets["url"]
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None or url.partition("://")[0].lower() not in SCHEMES:
        raise CannotConnect(str(_("This is none of the addresses that can be posted to.")))
    return str(service.service_name)


PROVIDERS = [
    Provider(
        key="mastodon",
        label="Mastodon",
        base_url="https://mastodon.social",
        fields=(
            Field(
                "access_token",
                _("Access token"),
                _("Preferences → Development → New application, with write:statuses and read:accounts."),
                is_secret=True,
            ),
        ),
        check=_check_mastodon,
        teaches=_("Any server. A post that was interrupted is tried again and still appears once."),
    ),
    Provider(
        key="apprise",
        label=_("Bluesky and others"),
        base_url="",
        fields=(
            Field(
                "url",
                _("Address of the service"),
                _("As apprise writes it: bluesky://name.bsky.social/app-password, discord://id/token, slack://… "),
                is_secret=True,
            ),
        ),
        check=_check_apprise,
        teaches=_("Bluesky, X, Reddit, Discord, Slack. A post that was interrupted is not tried again by itself."),
    ),
]
