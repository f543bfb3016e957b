"""Accounts at providers: connecting one, using it, letting go of it."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from karibu.messages.addresses import public_url
from karibu.messages.channels.models import Account
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict, held
from karibu.web import sealed
from karibu.web.actions import record


def in_use(kind: str) -> Account | None:
    return Account.objects.filter(kind=kind, closed_at=None).order_by("-pk").first()


def draft(kind: str, provider: str, settings: dict[str, str], secret: dict[str, str]) -> Account:
    """Not yet anybody's: to be tried out before it is opened."""
    return Account(
        kind=kind,
        provider=provider,
        settings=settings,
        sealed=sealed.seal(secret),
        token=secrets.token_urlsafe(24),
    )


def open_account(account: Account, *, by: str) -> Account:
    """From now on the channel uses this one; the one before is closed."""
    with transaction.atomic():
        if account.kind != "social":
            _close(account.kind)
        account.opened_by = by
        account.save()
        record(by, "connected channel", f"{account.kind} {account.provider}")
    return account


def close(account: Account, *, by: str) -> None:
    """Nothing more leaves by it, its keys are forgotten, and its provider is not listened to any more."""
    with transaction.atomic():
        Account.objects.filter(pk=account.pk, closed_at=None).update(closed_at=timezone.now(), sealed=b"")
        record(by, "disconnected channel", f"{account.kind} {account.provider}")


def _close(kind: str) -> None:
    Account.objects.filter(kind=kind, closed_at=None).update(closed_at=timezone.now(), sealed=b"")


def hook_url(account: Account) -> str:
    """The address that the provider calls."""
    return f"{public_url()}/hooks/{account.token}/"


@dataclass(frozen=True)
class _Pause:
    until: datetime
    words: str


# Remembered by this process, so that not every message finds out for itself; and on the account, for people to see.
_pauses: dict[int, _Pause] = {}


def take_pause(account: Account, until: datetime, words: str) -> None:
    _pauses[account.pk] = _Pause(until, words)
    account.trouble, account.trouble_at = words[:500], timezone.now()
    Account.objects.filter(pk=account.pk).update(trouble=account.trouble, trouble_at=account.trouble_at)


def end_pause(account: Account) -> None:
    _pauses.pop(account.pk, None)
    if account.trouble:
        account.trouble, account.trouble_at = "", None
        Account.objects.filter(pk=account.pk).update(trouble="", trouble_at=None)


def away(account: Account) -> Verdict | None:
    """Held until the provider is asked again, where this process knows that it takes nothing now."""
    pause = _pauses.get(account.pk)
    if pause is None or pause.until <= timezone.now():
        return None
    return held(pause.until, Reason.UNREACHABLE, pause.words)
