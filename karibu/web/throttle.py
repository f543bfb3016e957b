"""How often strangers may try (to sign in, to fill in a form): counted in PostgreSQL, so that every web process counts
together.

An address or a network is kept only as a keyed hash, and for a quarter of an hour.
"""

import datetime
import ipaddress
from functools import lru_cache

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from karibu.web.models import SignInAttempt

WINDOW = datetime.timedelta(minutes=15)
PER_ADDRESS = 5
PER_NETWORK = 20
PER_CROWD = 300  # a fair's Wi-Fi, or a mobile operator that lends one address to a whole town
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def take(email: str, network: str, per_network: int = PER_NETWORK) -> list[int] | None:
    """Counts one try for this address and this network *before* it is made, so that many at once count as many.

    None when one of them has used up its tries of the last quarter of an hour; else what give_back() takes.
    """
    limits = {_bucket(email): PER_ADDRESS, _bucket(network): per_network}
    with transaction.atomic():
        _one_at_a_time(sorted(limits))
        SignInAttempt.objects.filter(at__lt=timezone.now() - WINDOW).delete()
        if any(SignInAttempt.objects.filter(bucket=bucket).count() >= limit for bucket, limit in limits.items()):
            return None
        return [SignInAttempt.objects.create(bucket=bucket).pk for bucket in limits]


def give_back(tries: list[int], email: str) -> None:
    """It was right: this try does not count, and the address begins anew. The network's other tries stay."""
    SignInAttempt.objects.filter(pk__in=tries).delete()
    SignInAttempt.objects.filter(bucket=_bucket(email)).delete()


def network_of(request: HttpRequest) -> str:
    """The /24 (IPv4) or /64 (IPv6) the request comes from; behind trusted proxies, from where they say.

    Anybody can write an X-Forwarded-For: it is read from its end, as far as proxies of KARIBU_TRUSTED_PROXIES wrote it.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    found = _parsed(address)
    while found is not None and forwarded and _is_trusted(found):
        said = _parsed(forwarded.pop())
        if said is None:
            break
        found = said
    if found is None:
        return address
    length = 24 if found.version == 4 else 64
    return str(ipaddress.ip_network(f"{found}/{length}", strict=False))


def _parsed(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _proxies(settings.KARIBU_TRUSTED_PROXIES))


@lru_cache
def _proxies(said: str) -> list[Network]:
    return [ipaddress.ip_network(part.strip(), strict=False) for part in said.split(",") if part.strip()]


def _one_at_a_time(buckets: list[str]) -> None:
    """Until the transaction ends nobody else counts for these."""
    with connection.cursor() as cursor:
        for bucket in buckets:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [bucket])


def _bucket(text: str) -> str:
    return str(salted_hmac("sign-in attempt", text.strip().lower(), algorithm="sha256").hexdigest())
