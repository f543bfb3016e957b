"""Finding a person in text, in whatever spelling it stands there.

One regular expression for each question, in the dialect that PostgreSQL, DuckDB (RE2) and Python have in common, and
always to be applied without regard to case. Every character may be written as itself, percent-encoded (once or
more often), as a JSON escape or as an HTML reference; a phone number may stand in national or international form,
with any of the usual separators.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from karibu.customers import addresses

LONG = 7  # characters from which an id is taken for the person wherever it stands as a whole value
PHONE_DIGITS = 8  # of a national number, from which it is looked for without its country
_GAP = "(?:[ ().+/_\xa0-]|%20|&nbsp;|\\\\+u00a0){0,3}"  # between the digits of a phone number
_DOTLESS = _GAP.replace(".", "")
_ESCAPE = r"%(?:25)*[0-9a-f]{2}|\\+u[0-9a-f]{4}|\\+[nrtbf]"
_BEFORE_MAIL = rf"(?:^|[^a-z0-9._+-]|{_ESCAPE})"
_AFTER_MAIL = r"(?:$|[^a-z0-9.-]|[.-](?:$|[^a-z0-9]))"
_BEFORE_DIGITS = rf"(?:^|[^0-9a-z.]|{_ESCAPE})"
_AFTER_DIGITS = r"(?:$|[^0-9a-z])"
_BEFORE_ID = rf"(?:^|[\"'=\s,;/>|]|&quot;|{_ESCAPE})"
_AFTER_ID = r"(?:$|[\"'&\s,;/<|\\%])"
_NAMING = r"[\"'&?](?:user|anonymous|previous|customer|external)_?id(?:\\*[\"'])?\s*[:=]\s*(?:\\*[\"'])?"


@dataclass(frozen=True)
class Traces:
    """What names one person: ids as stored, addresses, and what they are called."""

    identifiers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def addresses(self) -> str:
        """A pattern for their e-mail addresses and phone numbers alone: nobody else is called that. "" for none."""
        return _either(part for text in self.identifiers for part in _address(text))

    @property
    def words(self) -> tuple[str, ...]:
        """What stands in every spelling of an e-mail address that does not escape plain letters."""
        mails = (text.rpartition("@")[0].lower() for text in self.identifiers if "@" in text)
        return tuple(dict.fromkeys(max(re.findall(r"[a-z0-9]+|[^a-z0-9]+", mail), key=len) for mail in mails if mail))

    @property
    def rough(self) -> str:
        """A quick pattern for the beginnings of phone numbers; "" for none."""
        numbers = (
            addresses.parts(form)[1]
            for text in self.identifiers
            if text.startswith("+")
            for form in addresses.variants(text)
        )
        return _either("[^0-9]{0,3}".join(number[:4]) for number in numbers)

    @property
    def ids(self) -> str:
        """A pattern for everything that identifies them."""
        return _either(part for text in self.identifiers for part in [*_address(text), *_id(text)])

    @property
    def anything(self) -> str:
        """A pattern for these and their full name: for what is no loss when it was a namesake's."""
        names = (_name(name) for name in self.names if len(name.split()) > 1)
        return _either([self.ids, *names])


def found(pattern: str, text: str) -> bool:
    return bool(pattern) and re.search(pattern, text, re.IGNORECASE) is not None


def _either(parts: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(part for part in parts if part))


def _address(text: str) -> Iterator[str]:
    if "@" in text:
        for spelled in {text, _unicode_domain(text)}:
            yield _BEFORE_MAIL + _spelled(spelled) + _AFTER_MAIL
    elif text.startswith("+"):
        for number in addresses.variants(text):
            yield _phone(number)


def _id(text: str) -> Iterator[str]:
    if "@" in text or (text.startswith("+") and text[1:].isdigit()):
        return
    if len(text) >= LONG:
        yield _BEFORE_ID + _spelled(text) + _AFTER_ID
    else:  # short ones are everybody's quantity or price, but for where a person is named
        yield _NAMING + _spelled(text) + r"(?:\.0)?(?:$|[^a-z0-9_.-])"


def _phone(number: str) -> str:
    country, national = addresses.parts(number)
    inner = _GAP.join(national)
    abroad = rf"(?:\+|%2b|00|\\+u002b)?{_GAP}{_GAP.join(country)}{_GAP}(?:0{_GAP})?{inner}"
    # With dots alone it may be an amount of money.
    at_home = f"|0{_GAP}{inner}|{_DOTLESS.join(national)}" if len(national) >= PHONE_DIGITS else ""
    return f"{_BEFORE_DIGITS}(?:{abroad}{at_home}){_AFTER_DIGITS}"


def _name(name: str) -> str:
    between = r"(?:\s|\+|%20|&nbsp;|\\+u00a0)+"
    return r"(?:^|[^a-z]|" + _ESCAPE + ")" + between.join(map(_spelled, name.split())) + r"(?:$|[^a-z])"


def _spelled(text: str) -> str:
    return "".join(map(_character, text.lower()))


def _character(one: str) -> str:
    as_bytes = "".join(f"%(?:25)*{byte:02x}" for byte in one.encode())
    as_escape = "".join(rf"\\+u{unit:04x}" for unit in _utf16(one))
    plain = re.escape(one)
    if one.isascii() and one.isalnum():
        return f"(?:{plain}|{as_bytes}|{as_escape})"
    return f"(?:{plain}|{as_bytes}|{as_escape}|&#{ord(one)};|&#x{ord(one):x};)"


def _utf16(one: str) -> Iterator[int]:
    packed = one.encode("utf-16-be")
    for place in range(0, len(packed), 2):
        yield int.from_bytes(packed[place : place + 2], "big")


def _unicode_domain(mail: str) -> str:
    """The domain as people write it, where it is stored in its ASCII form."""
    local, _, domain = mail.rpartition("@")
    try:
        return f"{local}@{domain.encode('ascii').decode('idna')}"
    except UnicodeError:
        return mail
