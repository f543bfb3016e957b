"""What leaves by Telegram: plain text, and for marketing how to stop it."""

from karibu.messages.channels import Letter
from karibu.messages.content import Content
from karibu.messages.models import Message
from karibu.messages.status import Reason
from karibu.messages.verdict import Stopped, refused
from karibu.web.models import Shop

MOST = 4096


def compose(message: Message, recipient: str, content: Content, shop: Shop) -> Letter:
    text = content.text.strip()
    if not text:
        raise ValueError("The message says nothing.")
    if message.is_marketing and "/stop" not in text:
        text = f"{text}\n\n/stop"
    if len(text) > MOST:
        raise Stopped(refused(Reason.TOO_LONG, f"{len(text)} > {MOST}"))
    return Letter.of(message, recipient=recipient, subject=text[:120], raw=text.encode())
