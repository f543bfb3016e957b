"""Static files, served by the web process itself: from memory, compressed, cacheable for ever.

The address holds a digest of all of them (`/static/<digest>/web/…`), so that a new version is a new address and files
may name each other relatively. `karibu.css` and `karibu.js` are bundles: every app's `static/<app>/css/*.css` and
`static/<app>/behaviours/*.js` in the order of their names, so that a component is one file and a page loads two.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage

FOREVER = "public, max-age=31536000, immutable"
BUNDLES = {"karibu.css": ("css", "*.css"), "karibu.js": ("behaviours", "*.js")}
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")


@dataclass(frozen=True)
class Asset:
    body: bytes
    packed: bytes | None  # gzip, where it is worth it
    kind: str  # Content-Type
    tag: str  # ETag


class Addresses(StaticFilesStorage):
    """What `{% static %}` uses: the address of a file in the version that is being served."""

    def url(self, name: str | None, force: bool = False) -> str:
        return f"{settings.STATIC_URL}{version()}/{name}"


def folders() -> list[Path]:
    """Every app's `static/`, the shell's first."""
    found = [Path(config.path) / "static" for config in apps.get_app_configs()]
    return [folder for folder in found if folder.is_dir()]


@cache
def version() -> str:
    """Changes whenever any static file does (judged by size and time, which is quick)."""
    mark = hashlib.sha256()
    for folder in folders():
        for file in sorted(folder.rglob("*")):
            stat = file.stat()
            mark.update(f"{file}{stat.st_size}{stat.st_mtime_ns}".encode())
    return mark.hexdigest()[:12]


def find(path: str) -> tuple[Asset, bool] | None:
    """The file at `path` (behind STATIC_URL), and whether its address names the current version."""
    head, _, rest = path.partition("/")
    current = head == version()
    is_versioned = len(head) == 12 and all(letter in "0123456789abcdef" for letter in head)
    asset = load(rest if is_versioned else path)
    return (asset, current) if asset else None


@cache
def load(name: str) -> Asset | None:
    body = _bundle(name) if name in BUNDLES else _read(name)
    if body is None:
        return None
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind in ("image/svg+xml", "application/json")
    packed = gzip.compress(body, 9, mtime=0) if is_text and len(body) > 500 else None
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Asset(body, packed, f"{kind}; charset=utf-8" if is_text else kind, tag)


def _read(name: str) -> bytes | None:
    if ".." in name.split("/") or "\\" in name or "\0" in name:
        return None
    for folder in folders():
        if (file := folder / name).is_file():
            return file.read_bytes()
    return None


def _bundle(name: str) -> bytes:
    inside, pattern = BUNDLES[name]
    files = [file for folder in folders() for file in sorted(folder.glob(f"*/{inside}/{pattern}"))]
    if name.endswith(".css"):
        return "\n".join(file.read_text(encoding="utf-8") for file in files).encode()
    # Each behaviour gets a scope of its own.
    return "\n".join(f"(() => {{\n{file.read_text(encoding='utf-8')}}})();" for file in files).encode()


def answer(path: str, encodings: str = "", known: str = "") -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body for `path`, given the request's Accept-Encoding and If-None-Match."""
    found = find(path)
    if found is None:
        return 404, [("content-type", "text/plain; charset=utf-8")], b"There is no such file."
    asset, is_current = found
    headers = [
        ("content-type", asset.kind),
        ("cache-control", FOREVER if is_current else "no-cache"),
        ("etag", asset.tag),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ]
    if asset.tag in known:
        return 304, headers, b""
    if asset.packed and "gzip" in encodings:
        return 200, [*headers, ("content-encoding", "gzip")], asset.packed
    return 200, headers, asset.body


async def serve(scope: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """The same as bare ASGI, for a request below STATIC_URL: no middleware, no thread."""
    asked = dict(scope["headers"])
    status, headers, body = answer(
        scope["path"].removeprefix(settings.STATIC_URL),
        asked.get(b"accept-encoding", b"").decode("latin-1"),
        asked.get(b"if-none-match", b"").decode("latin-1"),
    )
    sent = [(name.encode(), value.encode()) for name, value in headers] + [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
