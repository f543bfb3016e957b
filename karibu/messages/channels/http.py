"""Calling a provider over HTTP: connections are kept, calls have a time limit, nothing is followed or repeated."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from karibu.web.reading import read_json

CONNECT, READ = 5, 20  # seconds
LONGEST = 1_000_000  # bytes of an answer that are read
_lock = threading.Lock()
_session: requests.Session | None = None


class NotReached(Exception):
    """Nothing of the call has arrived: it may be made again."""


class InDoubt(Exception):
    """The call may have arrived, and nobody says what came of it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """`form` and `json` are two ways to say what is sent; `body` is the third."""

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    form: Mapping[str, str] | None = None
    json: Any = None
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> dict[str, Any]:
        """What it says, where that is a JSON object; else nothing."""
        try:
            said = read_json(self.body)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def _parameters(self) -> dict[str, Any]:
        """Where Telegram says it."""
        said = self.json.get("parameters")
        return said if isinstance(said, dict) else {}

    def retry_after(self, now: datetime) -> timedelta | None:
        """RFC 9110, 10.2.3: seconds or a date."""
        said = self.headers.get("Retry-After", "").strip() or str(self._parameters.get("retry_after", ""))
        if said.isdigit():
            return timedelta(seconds=min(int(said), 86_400))
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        return max(until.replace(tzinfo=until.tzinfo or UTC) - now, timedelta(0))


def ask(call: Call) -> Answer:
    """One call. Raises NotReached or InDoubt; any answer, also an error's, is returned."""
    try:
        with _kept().request(
            call.method,
            call.url,
            headers=dict(call.headers),
            auth=call.auth,
            data=call.body if call.body is not None else call.form,
            json=call.json,
            timeout=(CONNECT, READ),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Answer(response.status_code, response.headers, response.raw.read(LONGEST, decode_content=True))
    except requests.ConnectTimeout as error:
        raise NotReached("it did not answer in time") from error
    except requests.exceptions.SSLError as error:
        raise NotReached("no secure connection could be made") from error
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, ValueError) as error:
        raise NotReached("its address cannot be read") from error
    except requests.ConnectionError as error:
        if _never_connected(error):
            raise NotReached("no connection could be made") from error
        raise InDoubt("the connection broke before there was an answer") from error
    except (requests.RequestException, OSError) as error:
        raise InDoubt("there was no answer in time") from error


def _never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _kept() -> requests.Session:
    """One for the process: its pool of connections may be used by many threads."""
    global _session
    with _lock:
        if _session is None:
            made = requests.Session()
            made.trust_env = False  # neither a .netrc nor a proxy of whoever starts the process
            made.headers["User-Agent"] = "Karibu"
            for scheme in ("https://", "http://"):
                made.mount(scheme, HTTPAdapter(pool_maxsize=32, max_retries=0))
            made.cookies.set_policy(_NoCookies())
            _session = made
        return _session


class _NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined,misc]
    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False
