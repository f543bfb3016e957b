"""What the environment may say about one installation, and the sentence for each thing that it says wrongly.

Every setting is an environment variable; `<NAME>_FILE` names a file that holds the value instead (the form that
container secrets take). Karibu boots with none of them set. `karibu` looks at all of them before it does anything.
"""

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

# pyarrow reads this when it is imported. Its own pool (mimalloc) gives memory back after each flush to the lake and
# takes it again, zeroed by the kernel, at the next: half of what a flush costs. The system's keeps it.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
# The system's allocator reads this when a process starts, so it is for those that `karibu serve` starts: an area of its
# own for each of a process's threads, which mostly wait for each other, costs 20 MB in the worker.
os.environ.setdefault("MALLOC_ARENA_MAX", "2")

STORES = ("s3", "s3a", "gs", "az", "abfs", "abfss", "file")


@dataclass(frozen=True)
class Setting:
    """`read` turns text into the value and raises ValueError with what it must be, as the rest of "NAME must …"."""

    read: Callable[[str], Any] = str
    default: str = ""
    is_secret: bool = False  # holds passwords: never quoted


def value(name: str, default: str = "") -> str:
    """The environment's `name`, or the contents of the file that `<name>_FILE` names, or `default`. Raises OSError."""
    if file := os.environ.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default).strip()


def get(name: str) -> Any:
    """The setting `name` as its reader gives it. Raises ValueError with a sentence that names it."""
    setting = SETTINGS[name]
    try:
        given = value(name) or setting.default
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not UTF-8 text"
        raise ValueError(f"{name}_FILE names {os.environ[f'{name}_FILE']!r}, which cannot be read: {reason}.") from None
    try:
        return setting.read(given)
    except ValueError as error:
        said = "" if setting.is_secret else f" (it is {given!r})"
        raise ValueError(f"{name} must {error}{said}.") from None


def faults() -> list[str]:
    """A sentence for each setting that cannot be understood."""
    found = []
    for name in SETTINGS:
        try:
            get(name)
        except ValueError as error:
            found.append(str(error))
    return found


def _choice(*choices: str) -> Callable[[str], str]:
    def read(given: str) -> str:
        if given.lower() not in choices:
            raise ValueError(f"be one of {', '.join(choices)}")
        return given.lower()

    return read


def _networks(given: str) -> str:
    for part in filter(None, map(str.strip, given.split(","))):
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ValueError("be IP networks with commas between them, such as 10.0.5.0/24") from None
    return given


def _address(given: str, schemes: tuple[str, ...], must: str) -> str:
    """A URL of one of these schemes with a host. Raises ValueError with `must`."""
    try:
        parts = urlsplit(given)
        is_good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0  # a port may raise, too
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(must)
    return given.rstrip("/")


def _public_url(given: str) -> str:
    return given and _address(given, ("http", "https"), "be an address such as https://karibu.example.com")


def _engine(given: str) -> str:
    must = "be duckdb or a cluster's master, spark://host:port"
    return given if given == "duckdb" else _address(given, ("spark",), must)


def _smtp(given: str) -> str:
    if not given:
        return given
    _address(given, ("smtp", "smtps"), "look like smtp://user:password@host:587 or smtps://host")
    wishes = {name: said[0] for name, said in parse_qs(urlsplit(given).query).items()}
    if wishes.get("starttls", "offered") not in ("offered", "required", "no"):
        raise ValueError("have offered, required or no as its starttls")
    if not wishes.get("connections", "16").isdigit():
        raise ValueError("have a number as its connections")
    return given


def _database(given: str) -> str:
    if given and urlsplit(given).scheme not in ("postgresql", "postgres"):
        raise ValueError("be a PostgreSQL URL such as postgresql://user:password@host/name")
    return given


def _lake(given: str) -> str:
    if "://" in given and urlsplit(given).scheme not in STORES:
        raise ValueError(f"be a folder or begin with one of {', '.join(f'{store}://' for store in STORES)}")
    return given


def _megabytes(given: str) -> int:
    if not given.isdecimal() or not int(given):
        raise ValueError("be a whole number of megabytes")
    return int(given)


SETTINGS: dict[str, Setting] = {
    "KARIBU_HOME": Setting(),
    "KARIBU_PUBLIC_URL": Setting(_public_url),
    "KARIBU_SMTP_URL": Setting(_smtp, is_secret=True),
    "KARIBU_DATABASE_URL": Setting(_database, is_secret=True),
    "KARIBU_LAKE_URL": Setting(_lake, is_secret=True),
    "KARIBU_ENGINE": Setting(_engine, "duckdb"),
    "KARIBU_TRUSTED_PROXIES": Setting(_networks, "127.0.0.0/8, ::1"),
    "KARIBU_IP_ADDRESSES": Setting(_choice("network", "whole"), "network"),
    "KARIBU_WEBHOOK_NETWORKS": Setting(_networks),
    "KARIBU_UPLOAD_MB": Setting(_megabytes, "2000"),
    "KARIBU_SECRET_KEY": Setting(is_secret=True),
}
