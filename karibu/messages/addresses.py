"""The public addresses of a message's own pages: click, picture, unsubscribe, web view."""

from collections.abc import Sequence

from django.conf import settings

from karibu.messages import tokens


def public_url() -> str:
    """Where people reach this installation, without a slash at the end."""
    return str(settings.KARIBU_PUBLIC_URL or settings.KARIBU_SERVED_URL)


def page(purpose: str, message_id: int, position: int = 0) -> str:
    """The whole address of one of a message's pages, e.g. `https://shop.example/m/c/AAAAA...`."""
    return pages(message_id, [(purpose, position)])[0]


def pages(message_id: int, wanted: Sequence[tuple[str, int]]) -> list[str]:
    """`page` for several of (purpose, position) of one message."""
    begin = f"{public_url()}/m/"
    return [
        f"{begin}{purpose}/{word}.gif" if purpose == tokens.OPEN else f"{begin}{purpose}/{word}"
        for (purpose, _), word in zip(wanted, tokens.words(message_id, wanted), strict=True)
    ]
