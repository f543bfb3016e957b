"""Where a webhook may go: a public address by https, or one that the installation allows (guard.py)."""

from karibu.messages.channels.guard import Forbidden, check


def usable(address: str) -> str:
    """The address as it is called; "" for one that is not gone to."""
    try:
        check(address)
    except Forbidden:
        return ""
    return address
