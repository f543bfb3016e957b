"""`/k.js`, our browser snippet, as it is served."""

import hashlib
from pathlib import Path

BODY = (Path(__file__).parent / "k.js").read_bytes()
ETAG = b'"' + hashlib.sha256(BODY).hexdigest()[:16].encode() + b'"'
HEADERS = [
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
    (b"etag", ETAG),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
