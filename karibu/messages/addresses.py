"""The public addresses of a message's own pages: click, picture, unsubscribe, web view."""

import os

from django.conf import settings

from karibu.messages import tokens


def public_url() -> str:
    """Where people reach this installation, without a slash at the end."""
    return settings.KARIBU_PUBLIC_URL or os.environ.get("KARIBU_SERVED_URL", "http://127.0.0.1:8000")


def page(purpose: str, message_id: int, position: int = 0) -> str:
    """The whole address of one of a message's pages, e.g. `https://shop.example/m/c/AAAAA...`."""
    suffix = ".gif" if purpose == tokens.OPEN else ""
    return f"{public_url()}/m/{purpose}/{tokens.sign(purpose, message_id, position)}{suffix}"
