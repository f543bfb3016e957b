"""How often one may try to sign in: counted in PostgreSQL, so that every web process counts together.

An address or a network is kept only as a keyed hash, and for a quarter of an hour.
"""

import datetime
import ipaddress

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from karibu.web.models import SignInAttempt

WINDOW = datetime.timedelta(minutes=15)
PER_ADDRESS = 5
PER_NETWORK = 20


def is_exhausted(email: str, network: str) -> bool:
    """Whether this address or this network has used up its tries of the last quarter of an hour."""
    return _tries(email) >= PER_ADDRESS or _tries(network) >= PER_NETWORK


def note(email: str, network: str) -> None:
    """Counts one failed try for both, and forgets the old ones."""
    SignInAttempt.objects.filter(at__lt=timezone.now() - WINDOW).delete()
    SignInAttempt.objects.bulk_create([SignInAttempt(bucket=_bucket(text)) for text in (email, network)])


def forget(email: str) -> None:
    """After a sign-in the address begins anew; the network does not."""
    SignInAttempt.objects.filter(bucket=_bucket(email)).delete()


def network_of(request: HttpRequest) -> str:
    """The /24 (IPv4) or /64 (IPv6) the request comes from; behind a proxy on this machine, what the proxy says."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        found = ipaddress.ip_address(address)
        if forwarded and (found.is_loopback or found.is_private):
            found = ipaddress.ip_address(forwarded)
    except ValueError:
        return address
    length = 24 if found.version == 4 else 64
    return str(ipaddress.ip_network(f"{found}/{length}", strict=False))


def _tries(text: str) -> int:
    return SignInAttempt.objects.filter(bucket=_bucket(text), at__gte=timezone.now() - WINDOW).count()


def _bucket(text: str) -> str:
    return str(salted_hmac("sign-in attempt", text.strip().lower(), algorithm="sha256").hexdigest())
