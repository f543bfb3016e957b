"""Whose keys sign what leaves. Without any, the relay signs, or nobody does."""

import time
from functools import lru_cache

from django.db import transaction
from django.utils import timezone

from karibu.messages.channels.email import dkim
from karibu.messages.channels.email.models import SigningKey
from karibu.web import sealed
from karibu.web.actions import record

FRESH = 30  # seconds until a sender sees a key that was made or closed


def sign_with(domain: str, algorithm: str, *, by: str) -> SigningKey:
    """Makes a key for the domain and signs with it from now on, in place of its older one of that kind."""
    pem = dkim.new_key(algorithm)
    now = timezone.now()
    with transaction.atomic():
        SigningKey.objects.filter(domain=domain, algorithm=algorithm, closed_at=None).update(closed_at=now)
        made = SigningKey.objects.create(
            domain=domain,
            selector=f"karibu{1 + SigningKey.objects.filter(domain=domain).count()}",
            algorithm=algorithm,
            sealed=sealed.seal({"pem": pem.decode()}),
            record=dkim.dns_record(pem),
            opened_by=by,
        )
        record(by, "made signing key", made.selector, domain=domain)
    return made


def close(key: SigningKey, *, by: str) -> None:
    """Nothing is signed with it any more. Its DNS record should stay for the mails that are under way."""
    SigningKey.objects.filter(pk=key.pk, closed_at=None).update(closed_at=timezone.now())
    record(by, "closed signing key", key.selector, domain=key.domain)


def signed(raw: bytes, sender: str) -> bytes:
    """The mail as it leaves: signed with each open key of the sender's domain."""
    signers = _signers(sender.rpartition("@")[2].lower(), int(time.monotonic() / FRESH))
    return b"".join(signer.header(raw) for signer in signers) + raw if signers else raw


@lru_cache(maxsize=64)
def _signers(domain: str, moment: int) -> tuple[dkim.Signer, ...]:
    """Ed25519 last, so that it stands first: receivers that do not know it look for the other."""
    keys = SigningKey.objects.filter(domain=domain, closed_at=None).order_by("-algorithm")
    return tuple(
        dkim.Signer(domain, key.selector, key.algorithm, dkim.opened(sealed.unseal(key.sealed)["pem"].encode()))
        for key in keys
    )


def forget() -> None:
    """What this process remembers of the keys."""
    _signers.cache_clear()
