"""Fetching addresses that others gave us, without being led into the shop's own network.

The name is resolved once, every address of it must be public, and the connection goes to the very address that was
looked at (a name that answers differently the second time gains nothing); the certificate is still the name's. Nothing
is followed. KARIBU_WEBHOOK_NETWORKS names networks that are allowed all the same (a service beside us, a test).
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import certifi
import urllib3
from django.conf import settings
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from karibu.messages.channels.http import CONNECT, Answer, InDoubt, NotReached

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
READ = 15  # seconds
LONGEST = 10_000  # bytes of an answer that are read
MOST_POOLS, WIDTH = 200, 16  # connections that are kept to one address


class Forbidden(ValueError):
    """We do not go there; the message says why."""


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int
    address: str
    path: str


def target(url: str) -> Target:
    """Where this address leads, looked at now. Raises Forbidden or NotReached."""
    scheme, host, port, path = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReached("its name cannot be resolved") from error
    addresses = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    for one in addresses:
        if not _is_allowed(one):
            if not _is_public(one):
                raise Forbidden("It leads into a private network.")
            if scheme != "https":
                raise Forbidden("It must begin with https://.")
    return Target(scheme, host, port, str(addresses[0]), path)


def check(url: str) -> None:
    """What can be said without asking anybody. Raises Forbidden."""
    scheme, host, _, _ = _parts(url)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not _is_allowed(address) and (scheme != "https" or not _is_public(address)):
        raise Forbidden("It leads into a private network.")


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One POST. Raises Forbidden, NotReached or InDoubt; any answer is returned, also one that leads elsewhere."""
    return _ask("POST", url, body, headers)


def get(url: str) -> Answer:
    """One GET, as post() does."""
    return _ask("GET", url, None, {})


def _ask(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    there = target(url)
    try:
        response = _pool(there).urlopen(
            method,
            there.path,
            body=body,
            headers={"Host": _name(there), "User-Agent": "Karibu", **headers},
            timeout=urllib3.Timeout(connect=CONNECT, read=READ),
            redirect=False,
            retries=False,
            preload_content=False,
        )
    except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
        raise NotReached("no connection could be made") from error
    except (HTTPError, OSError) as error:
        raise InDoubt("the connection broke before there was an answer") from error
    try:
        said = _read(response)
    except (HTTPError, OSError):
        said = b""
    response.release_conn()  # what was read whole may be used again; what was not is closed
    return Answer(response.status, dict(response.headers), said)


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """What it says, in READ seconds: one that gives a byte now and then does not hold us for ever."""
    until, said = time.monotonic() + READ, b""
    while len(said) < LONGEST and time.monotonic() < until:
        part = response.read1(LONGEST - len(said), decode_content=False)
        if not part:
            return said
        said += part
    response.close()
    return said


def _parts(url: str) -> tuple[str, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Forbidden("It cannot be read.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Forbidden("It must begin with https://.")
    if parts.username or parts.password:
        raise Forbidden("It must not hold a password.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path


def _is_allowed(address: Address) -> bool:
    named = [part.strip() for part in settings.KARIBU_WEBHOOK_NETWORKS.split(",") if part.strip()]
    return any(address in ipaddress.ip_network(one, strict=False) for one in named)


def _is_public(address: Address) -> bool:
    """Not ours, nobody's, or another's in disguise: IPv6 can carry an IPv4 address in several ways."""
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in _NAT64 or carried is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_pools: dict[Target, urllib3.HTTPConnectionPool] = {}
_lock = threading.Lock()


def _pool(there: Target) -> urllib3.HTTPConnectionPool:
    """Connections to one address under one name."""
    key = Target(there.scheme, there.host, there.port, there.address, "")
    with _lock:
        if key not in _pools:
            if len(_pools) >= MOST_POOLS:
                _pools.clear()
            _pools[key] = _made(there)
        return _pools[key]


def _made(there: Target) -> urllib3.HTTPConnectionPool:
    if there.scheme == "http":
        return urllib3.HTTPConnectionPool(there.address, there.port, maxsize=WIDTH)
    return urllib3.HTTPSConnectionPool(
        there.address,
        there.port,
        maxsize=WIDTH,
        ssl_context=_trusting(),
        server_hostname=there.host,
        assert_hostname=there.host,
    )


@lru_cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _name(there: Target) -> str:
    host = f"[{there.host}]" if ":" in there.host else there.host
    return host if there.port in (80, 443) else f"{host}:{there.port}"
