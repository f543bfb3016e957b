"""What every page asks of the shell."""

from collections.abc import Callable
from contextvars import ContextVar

from django.db import connection
from django.http import HttpRequest, HttpResponse

from karibu.web.models import Shop

_kept: ContextVar[dict[str, Shop] | None] = ContextVar("shop_of_this_request", default=None)


def shop() -> Shop:
    """The shop of this installation; what its defaults say until somebody has set it up. Asked once a request."""
    kept = _kept.get()
    if kept is None:
        return _read()
    if "shop" not in kept:
        kept["shop"] = _read()
    return kept["shop"]


def timezone() -> str:
    """The zone of shop(), where the rest is not wanted: half of what it takes to be asked shortly is Django's."""
    if _kept.get() is not None:
        return shop().timezone
    with connection.cursor() as cursor:
        cursor.execute("SELECT timezone FROM web_shop WHERE id = 1")
        row = cursor.fetchone()
    return str(row[0]) if row else Shop().timezone


def ask_once(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: within one request the shop is read from the database at most once."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = _kept.set({})
        try:
            return get_response(request)
        finally:
            _kept.reset(token)

    return middleware


def _read() -> Shop:
    return Shop.objects.filter(pk=1).first() or Shop(pk=1)
