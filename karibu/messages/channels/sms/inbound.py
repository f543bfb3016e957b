"""What SMS providers call us with."""

from karibu.messages.channels.hearing import Asked, Heard
from karibu.messages.channels.models import Account
from karibu.messages.channels.sms.account import provider


def read(account: Account, asked: Asked) -> Heard:
    """Raises hearing.Forged."""
    heard: Heard = provider(account).read(account, asked)
    return heard
