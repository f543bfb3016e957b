"""A receiver of webhooks that believes only what is signed, as the standard says."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from karibu.messages.tests.servers_http import Request, Said, Server, serving


def is_signed(request: Request, secret: str) -> bool:
    """Written from the standard's text, not from our code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    words = [request.headers["webhook-id"], request.headers["webhook-timestamp"], request.body.decode()]
    mac = base64.b64encode(hmac.digest(key, ".".join(words).encode(), hashlib.sha256)).decode()
    return f"v1,{mac}" in request.headers["webhook-signature"].split(" ")


@contextmanager
def receiver() -> Iterator[Server]:
    def answer(request: Request) -> Said:
        return 200, {"ok": True}, {}

    with serving(answer) as server:
        yield server
