"""Handing mail over: to a provider that is connected, else to an SMTP server, else to the mailbox in the database."""

from collections.abc import Iterator, Sequence

from karibu.messages import system
from karibu.messages.channels import Begin, Letter, accounts, handing
from karibu.messages.channels.email import account as accounts_of_mail
from karibu.messages.channels.email import mailbox, relay, service
from karibu.messages.channels.email.smtp import NotTaken
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.models import Account
from karibu.messages.verdict import SENT, Verdict


def stays_inside() -> bool:
    """Whether delivery is part of the database transaction, and so happens exactly once."""
    return mailbox.is_used() and service.in_use() is None


def closed() -> Verdict | None:
    """Held, while the server or the provider is known to be away; None where it may be asked."""
    if account := service.in_use():
        return accounts.away(account)
    return None if mailbox.is_used() else relay.closed()


def deliver(letters: Sequence[Letter], begin: Begin) -> Iterator[tuple[Letter, Verdict]]:
    """Yields each letter with what became of it, as soon as that is known."""
    if account := service.in_use():
        yield from service.deliver(account, letters, begin)
    elif mailbox.is_used():
        mailbox.put(letters)
        for letter in letters:
            yield letter, SENT
    else:
        yield from relay.deliver(letters, begin)


def say(account: Account, address: str, text: str) -> Handed:
    """One mail at once, outside of the queue: a colleague's test."""
    subject = text.partition("\n")[0]
    known = accounts_of_mail.service(account)
    if known.sends:
        return service.hand(known.backend(account), system.letter_of(address, subject, text))
    try:
        system.send_mail(address, subject, text)
    except (NotTaken, ValueError) as error:
        return handing.refused(str(error))
    return handing.sent("")
