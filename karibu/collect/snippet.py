"""`/k.js`, our browser snippet, as it is served: without its comments and spaces, packed where the browser can."""

import gzip
import hashlib
import re
from pathlib import Path

_TEXT = re.compile(r'("[^"\n]*")')  # the snippet has no other strings, and no space in its patterns
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r" ?([{}()\[\]=,:;<>?&|+*!]) ?")


def tight(source: str) -> str:
    """A script without comments and without the space around signs; line ends stay, as they end statements."""
    lines = (line.strip() for line in _COMMENT.sub("", source).splitlines())
    parts = _TEXT.split("\n".join(line for line in lines if line))
    return "".join(part if part.startswith('"') else _SPACE.sub(r"\1", part) for part in parts) + "\n"


BODY = tight((Path(__file__).parent / "k.js").read_text(encoding="utf-8")).encode()
PACKED = gzip.compress(BODY, 9, mtime=0)
ETAG = b'"' + hashlib.sha256(BODY).hexdigest()[:16].encode() + b'"'
HEADERS = [
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
    (b"etag", ETAG),
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
