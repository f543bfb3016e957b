"""Who carries Telegram: a bot of the shop's own."""

import hashlib
import hmac

from django.utils.translation import gettext_lazy as _

from karibu.messages import tokens
from karibu.messages.channels import accounts
from karibu.messages.channels.connecting import Field, Provider, ask_provider
from karibu.messages.channels.models import Account
from karibu.messages.channels.telegram.deliver import call

LINK = "t"  # the purpose of the signed word that links a chat to a customer


def _check(account: Account) -> str:
    said = ask_provider(call(account, "getMe")).json.get("result") or {}
    account.settings["bot"] = str(said.get("username", ""))
    return f"@{account.settings['bot']}"


def _opened(account: Account) -> None:
    """Telegram calls us at this address, with this word in a header."""
    said: dict[str, object] = {
        "url": accounts.hook_url(account),
        "secret_token": secret_token(account),
        "allowed_updates": ["message", "my_chat_member"],
    }
    ask_provider(call(account, "setWebhook", said))


def secret_token(account: Account) -> str:
    key = account.secrets["bot_token"].encode()
    return hmac.new(key, f"karibu {account.token}".encode(), hashlib.sha256).hexdigest()


def link(account: Account, customer_id: int) -> str:
    """Opens the bot's chat; whoever presses Start there is this customer."""
    return f"https://t.me/{account.settings['bot']}?start={tokens.sign(LINK, customer_id)}"


PROVIDERS = [
    Provider(
        key="telegram",
        label="Telegram",
        base_url="https://api.telegram.org",
        fields=(
            Field(
                "bot_token",
                _("Bot token"),
                _("Write /newbot to @BotFather in Telegram; it answers with the token."),
                is_secret=True,
            ),
        ),
        check=_check,
        opened=_opened,
        teaches=_("Free; people press Start once, and stop with /stop."),
    )
]
