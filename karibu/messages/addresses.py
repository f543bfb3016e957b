"""The public addresses of a message's own pages: click, picture, unsubscribe, web view."""

from django.conf import settings

from karibu.messages import tokens


def public_url() -> str:
    """Where people reach this installation, without a slash at the end."""
    return str(settings.KARIBU_PUBLIC_URL or settings.KARIBU_SERVED_URL)


def page(purpose: str, message_id: int, position: int = 0) -> str:
    """The whole address of one of a message's pages, e.g. `https://shop.example/m/c/AAAAA...`."""
    suffix = ".gif" if purpose == tokens.OPEN else ""
    return f"{public_url()}/m/{purpose}/{tokens.sign(purpose, message_id, position)}{suffix}"
