"""IP addresses in events are cut to their network (/24, /48) before anything is kept, unless the shop wants them whole.

An address names a household; its network says about where somebody is, which is what shops ask of it.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

NAMES = ("ip", "$ip", "ip_address", "ipAddress", "client_ip", "clientIp", "remote_addr")
_NAMED = "|".join(map(re.escape, NAMES)).encode()
_FIELD = re.compile(rb'("(?:%b)"\s*:\s*")([0-9A-Fa-f.:%%]{2,60})(?=")' % _NAMED)
_HINTS = (re.compile(rb'ip["_A]'), re.compile(rb"tIp"), re.compile(rb"remote_a"))
_LENGTHS = {4: 24, 6: 48}


def shortened_in(raws: Sequence[bytes]) -> Sequence[bytes]:
    """The events of a request with their addresses cut; anything else of them stays as it was sent."""
    if not _have_hint(b",".join(raws)) or settings.KARIBU_IP_ADDRESSES == "whole":
        return raws
    return [_FIELD.sub(lambda found: found[1] + shortened(found[2].decode()).encode(), raw) for raw in raws]


def _have_hint(raws: bytes) -> bool:
    """Of one of NAMES. This is asked of every event there is: `in` takes twice as long as these."""
    return any(hint.search(raws) for hint in _HINTS)


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
