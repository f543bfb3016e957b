"""What PostgreSQL cannot store is the sender's fault, not ours: never a 500, in every view alike.

Its text has no U+0000, its columns have lengths. Forms say so beside the field; this is for what no form looks at:
addresses written by hand (a NUL in them becomes a sign that finds nothing), and programs.
"""

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse

from karibu.web.views.errors import bad_request

REPLACED = "%EF%BF%BD"  # U+FFFD, as in the bodies of events
log = logging.getLogger("karibu.web")


class Storable:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.META.get("QUERY_STRING", "")
        if "%00" in asked:
            request.META["QUERY_STRING"] = asked.replace("%00", REPLACED)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DataError):
            return None
        view = request.resolver_match.view_name if request.resolver_match else "?"
        log.warning("%s: what was sent cannot be stored", view)  # the error itself quotes it: it may name people
        return bad_request(request)
