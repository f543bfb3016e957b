"""The built-in mailbox: where mail goes while no SMTP server is set."""

from collections.abc import Iterable

from django.conf import settings

from karibu.messages.channels import Letter
from karibu.messages.models import Mail


def is_used() -> bool:
    return not settings.KARIBU_SMTP_URL


def put(letters: Iterable[Letter]) -> None:
    """Keeps the very bytes that would have left. In the caller's transaction: exactly once, whatever crashes."""
    Mail.objects.bulk_create(
        Mail(
            message_id=letter.message_id or None,
            sender=letter.sender,
            recipient=letter.recipient,
            subject=letter.subject,
            raw=letter.raw,
        )
        for letter in letters
    )
