"""IP addresses in events are cut to their network (/24, /48) before anything is kept, unless the shop wants them whole.

An address names a household; its network says about where somebody is, which is what shops ask of it.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

NAMES = ("ip", "$ip", "ip_address", "ipAddress", "client_ip", "clientIp", "remote_addr")
_NAMED = "|".join(map(re.escape, NAMES)).encode()
_FIELD = re.compile(rb'("(?:%b)"\s*:\s*")([0-9A-Fa-f.:%%]{2,60})(?=")' % _NAMED)
_LENGTHS = {4: 24, 6: 48}


def shortened_in(raw: bytes) -> bytes:
    """The event with its addresses cut; anything else of it stays as it was sent."""
    if not _has_hint(raw) or settings.KARIBU_IP_ADDRESSES == "whole":
        return raw
    return _FIELD.sub(lambda found: found[1] + shortened(found[2].decode()).encode(), raw)


def _has_hint(raw: bytes) -> bool:
    """Of one of NAMES. This is asked of every event there is, so of the two letters in most of them first."""
    if b"ip" in raw and (b'ip"' in raw or b"ip_a" in raw or b"ipA" in raw):
        return True
    return b"tIp" in raw or b"remote_a" in raw


def shortened_fields(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same of fields that are read already, such as a row's of an import."""
    if settings.KARIBU_IP_ADDRESSES == "whole":
        return dict(said)
    return {
        name: shortened(value) if name in NAMES and isinstance(value, str) else value for name, value in said.items()
    }


def shortened(text: str) -> str:
    """`203.0.113.7` becomes `203.0.113.0`, `2001:db8:1:2::3` becomes `2001:db8:1::`; what is no address stays."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    whole = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network(f"{whole}/{_LENGTHS[whole.version]}", strict=False).network_address)
