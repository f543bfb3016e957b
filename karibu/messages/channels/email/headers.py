"""Header lines that cannot be broken out of (RFC 5322, 2047, 6532).

Plain short values are written as they are; the library, which takes a hundred times as long, gets the others.
"""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from functools import lru_cache

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+")
_LENGTH = 78  # of a line, where it can be


def line(name: str, value: str, *, utf8: bool = False) -> str:
    """One header, folded and encoded where it must be. `utf8`: written as it is, for servers with SMTPUTF8."""
    if _PLAIN.fullmatch(value) and len(name) + len(value) < _LENGTH and "=?" not in value:
        return f"{name}: {value}"
    return _written(name, value, utf8)


@lru_cache(maxsize=256)  # a shop's own name and address stand in each of its mails
def address(name: str, who: str, *, display: str = "", utf8: bool = False) -> str:
    """One header with one address."""
    if not display and _PLAIN_ADDRESS.fullmatch(who) and len(name) + len(who) < _LENGTH:
        return f"{name}: {who}"
    local, _, host = who.rpartition("@")
    return _written(name, Address(display_name=" ".join(display.split()), username=local, domain=host), utf8)


def _written(name: str, value: str | Address, utf8: bool) -> str:
    mail = EmailMessage(policy=SMTPUTF8 if utf8 else SMTP)
    mail[name] = value
    return mail.as_bytes().decode().rstrip("\r\n")
