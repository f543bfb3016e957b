"""The tracking API of Segment, so that its SDKs work by changing their host. Bare ASGI: Django is not on this path.

`POST /v1/{batch,track,identify,page,screen,group,alias,import}`, the short paths of the browser SDK
(`/v1/{b,t,i,p,s,g,a}`) and `GET /v1/projects/{writeKey}/settings`.

The answer is 200 only when the events are durable. Clients throw away what is answered 400, 401, 403 or 413 and send
again what is answered 429 or 5xx: so trouble of our own is always 429 or 503, and one bad event never makes a batch
a 400. It is set aside (visible at /events/rejected/), and the answer counts it.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import msgspec
import psycopg

from karibu.collect import envelope, snippet, times
from karibu.collect.bundle import Letter
from karibu.collect.envelope import BODY_LIMIT, TooLarge, Unreadable
from karibu.collect.inbox import Full, Inbox, Unavailable
from karibu.collect.intake import Intake, sort_in
from karibu.collect.keys import Keys
from karibu.collect.room import Room

log = logging.getLogger("karibu.collect")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Messages = tuple[dict[str, object], dict[str, object]]  # to `send`

KINDS = {"batch": "", "import": "", "track": "track", "identify": "identify", "page": "page", "screen": "screen"}
KINDS |= {"group": "group", "alias": "alias"}
KINDS |= {"b": "", "t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias"}

JSON = (b"content-type", b"application/json")
PROBLEM = (b"content-type", b"application/problem+json")
CORS = [(b"access-control-allow-origin", b"*")]
PREFLIGHT = [
    *CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Content-Encoding, X-Retry-Count"),
    (b"access-control-max-age", b"86400"),
]
LATER = (b"retry-after", b"1")  # seconds
PATIENCE = 16 * BODY_LIMIT  # bytes read of a body that is too long, so that its sender comes to read our answer
SHOWN = 20  # refusals that an answer names


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


def problem(status: int, title: str, field: str = "", *more: tuple[bytes, bytes]) -> Answer:
    said: dict[str, object] = {"type": "about:blank", "status": status, "title": title}
    if field:
        said["field"] = field
    return Answer(status, [PROBLEM, *CORS, *more], msgspec.json.encode(said))


ACCEPTED = Answer(200, [JSON, *CORS], b'{"success":true}')
BAD_KEY = "The write key is missing or unknown; see Settings, Sources."


class Gone(Exception):
    """The client hung up before it had sent all."""


class Collector:
    """The ASGI application. Belongs to the event loop on which it is first called."""

    def __init__(self, url: str, room: Room | None = None) -> None:
        self.url = url
        self.room = room or Room(None)
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.loop is not asyncio.get_running_loop():
            self._settle()
        try:
            routed = self._route(scope, receive)
            answer = routed if isinstance(routed, Answer) else await routed
        except Gone:
            return
        except Exception as error:
            # A bug of ours must not make a client throw its events away.
            log.exception("a request failed: %s", type(error).__name__)
            answer = problem(503, "Something went wrong here; send it again.", "", LATER)
        for message in _messages(answer):
            await send(message)

    def _settle(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.inbox, self.keys = Inbox(self.url), Keys(self.url)

    def _route(self, scope: Scope, receive: Receive) -> Answer | Coroutine[Any, Any, Answer]:
        method, path = scope["method"], scope["path"]
        if method == "OPTIONS":
            return Answer(204, PREFLIGHT)
        if path == "/k.js":
            return _snippet(scope) if method in ("GET", "HEAD") else _only("GET")
        name = path[len("/v1/") :].rstrip("/")
        if name in KINDS:
            return self._collect(name, scope, receive) if method == "POST" else _only("POST")
        if name.startswith("projects/") and name.endswith("/settings"):
            key = name[len("projects/") : -len("/settings")]
            return self._settings(key, scope) if method in ("GET", "HEAD") else _only("GET")
        return problem(404, "There is no such call.")

    async def _collect(self, name: str, scope: Scope, receive: Receive) -> Answer:
        kind, received_at = KINDS[name], datetime.now(UTC)
        try:
            body = envelope.unpacked(await _body(receive))
            read = envelope.single(body, kind) if kind else envelope.batch(body)
            key = _key(scope) or read.write_key
            found = self.keys.at_hand(key) or (await self.keys.find(key) if key else None)
        except TooLarge:
            return problem(413, f"The body is longer than {BODY_LIMIT:,} bytes (unpacked); send smaller batches.")
        except Unreadable as error:
            return problem(400, f"{error.reason[:1].upper()}{error.reason[1:]}.", error.field)
        except (psycopg.Error, OSError):
            return problem(503, "The database does not answer; send it again.", "", LATER)
        if found is None:
            return problem(401, BAD_KEY, "writeKey")
        if found.closed:
            return problem(403, "This source is closed.", "writeKey")
        historical = name == "import"
        skew = timedelta() if historical else times.skew(read.sent_at, received_at)
        taken = sort_in(read.events, Letter(found.source_id, received_at, skew, historical), kind, read.known)
        return await self._keep(taken, kind)

    async def _keep(self, taken: Intake, kind: str) -> Answer:
        if taken.parcels or taken.rejected:
            if not self.room.is_enough():
                return problem(503, "The server's disk is nearly full; send it again later.", "", LATER)
            try:
                await self.inbox.keep(taken)
            except Full:
                return problem(429, "Too much at once; send it again in a moment.", "", LATER)
            except Unavailable:
                return problem(503, "The database does not answer; send it again.", "", LATER)
        if not taken.refusals:
            return ACCEPTED
        if kind:
            refused = taken.refusals[0]
            return problem(400, refused.reason, refused.field)
        errors = [{"index": r.place, "field": r.field, "reason": r.reason} for r in taken.refusals[:SHOWN]]
        said = {"success": True, "rejected": len(taken.refusals), "errors": errors}
        return Answer(200, [JSON, *CORS], msgspec.json.encode(said))

    async def _settings(self, key: str, scope: Scope) -> Answer:
        """What analytics.js asks for before it sends anything: where to send to, and that nothing is forbidden."""
        try:
            found = await self.keys.find(key)
        except (psycopg.Error, OSError):
            return problem(503, "The database does not answer.", "", LATER)
        if found is None or found.closed:
            return problem(404, "There is no such source.", "writeKey")
        host = _header(scope, b"host").decode("latin-1")
        protocol = _header(scope, b"x-forwarded-proto") or str(scope["scheme"]).encode()
        integration = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": protocol.decode("latin-1")}
        enabled = {"__default": {"enabled": True, "integrations": {}}}
        plan = {"track": enabled, "identify": enabled, "group": enabled}
        said = {"integrations": {"Segment.io": integration}, "plan": plan, "analyticsNextEnabled": True}
        return Answer(200, [JSON, *CORS, (b"cache-control", b"public, max-age=60")], msgspec.json.encode(said))


def _only(method: str) -> Answer:
    return problem(405, f"Use {method}.", "", (b"allow", method.encode()))


def _snippet(scope: Scope) -> Answer:
    headers = [*CORS, *snippet.HEADERS]
    if _header(scope, b"if-none-match") == snippet.ETAG:
        return Answer(304, headers)
    packs = b"gzip" in _header(scope, b"accept-encoding")
    body = snippet.PACKED if packs else snippet.BODY
    headers += [(b"content-encoding", b"gzip")] if packs else []
    return Answer(200, headers, b"" if scope["method"] == "HEAD" else body)


async def _body(receive: Receive) -> bytes:
    """All of the body, but never much more than the limit. Raises TooLarge, Gone."""
    whole, size, more = b"", 0, True
    while more:
        part = await receive()
        if part["type"] != "http.request":
            raise Gone
        piece, more = part.get("body", b""), part.get("more_body", False)
        size += len(piece)
        if size <= BODY_LIMIT:
            whole = whole + piece if whole else piece
        elif size > PATIENCE:
            break
    if size > BODY_LIMIT:
        raise TooLarge
    return whole


def _header(scope: Scope, wanted: bytes) -> bytes:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def _key(scope: Scope) -> str:
    """From `Authorization: Basic base64(key:)`, or `?writeKey=` (a beacon can set no header)."""
    if said := _header(scope, b"authorization"):
        return _basic(said)
    if scope["query_string"]:
        return parse_qs(str(scope["query_string"], "latin-1")).get("writeKey", [""])[0]
    return ""


@lru_cache(1024)
def _basic(said: bytes) -> str:
    scheme, _, packed = said.partition(b" ")
    try:
        return str(base64.b64decode(packed).partition(b":")[0], "latin-1") if scheme.lower() == b"basic" else ""
    except binascii.Error:
        return ""


def _messages(answer: Answer) -> Messages:
    return _ACCEPTED if answer is ACCEPTED else _made(answer)


def _made(answer: Answer) -> Messages:
    length = (b"content-length", str(len(answer.body)).encode())
    headers = answer.headers if answer.status in (204, 304) else [*answer.headers, length]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    return start, {"type": "http.response.body", "body": answer.body}


_ACCEPTED = _made(ACCEPTED)  # the answer to nearly everybody
