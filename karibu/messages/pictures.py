"""Pictures that colleagues bring in for templates: small, of known kinds, at an address made of their contents."""

import hashlib
import re
import struct

from django.utils.translation import gettext as _

from karibu.messages.addresses import public_url
from karibu.messages.models import Picture

LARGEST = 400_000  # bytes; a mail with more of them is slow on a phone


class Unfit(ValueError):
    """Why a file cannot be taken, in a sentence."""


def keep(name: str, data: bytes, *, by: str) -> Picture:
    """The picture's row; the same bytes are the same picture. Raises Unfit."""
    if len(data) > LARGEST:
        raise Unfit(_("A picture for mail may have 400 kB. Save it smaller: 1200 pixels wide is plenty."))
    kind, width, height = measure(data)
    digest = hashlib.sha256(data).hexdigest()[:32]
    known = {"name": _name(name), "kind": kind, "width": width, "height": height, "data": data, "by": by}
    return Picture.objects.get_or_create(digest=digest, defaults={**known, "size": len(data)})[0]


def address(picture: Picture) -> str:
    return f"{public_url()}/m/p/{picture.digest}/{picture.name}"


def of_address(url: str) -> str:
    """The digest of a picture of ours that this address shows, else ""."""
    found = re.search(r"/m/p/([0-9a-f]{32})/", url)
    return found[1] if found and url.startswith(public_url()) else ""


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name.rsplit("/", 1)[-1]).strip("-.")[-80:] or "picture"


def measure(data: bytes) -> tuple[str, int, int]:
    """Media type, width and height, read off the first bytes. Raises Unfit for what mail programs do not show."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) > 24:
        return "image/png", *struct.unpack(">II", data[16:24])
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) > 10:
        return "image/gif", *struct.unpack("<HH", data[6:10])
    if data[:2] == b"\xff\xd8":
        return "image/jpeg", *_jpeg(data)
    raise Unfit(_("This is no PNG, JPEG or GIF, which are what every mail program shows."))


def _jpeg(data: bytes) -> tuple[int, int]:
    """Width and height stand in the first frame's header (ITU T.81, B.2.2)."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        mark, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    raise Unfit(_("This JPEG is broken."))
