"""Handing mail over: to the mailbox inside the transaction, or to an SMTP server outside of it."""

from collections.abc import Iterator, Sequence

from karibu.messages.channels import Begin, Letter
from karibu.messages.channels.email import mailbox, relay
from karibu.messages.verdict import SENT, Verdict


def stays_inside() -> bool:
    """Whether delivery is part of the database transaction, and so happens exactly once."""
    return mailbox.is_used()


def closed() -> Verdict | None:
    """Held, while the mail server is known to be away; None where it may be asked."""
    return None if mailbox.is_used() else relay.closed()


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    """Yields each letter with what became of it, as soon as that is known."""
    if mailbox.is_used():
        mailbox.put(letters)
        for letter in letters:
            yield letter, SENT
        return
    yield from relay.deliver(letters, begin)
