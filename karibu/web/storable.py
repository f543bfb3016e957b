"""What PostgreSQL cannot store is the sender's fault, not ours: 400 instead of 500, in every view alike.

Its text has no U+0000, its columns have lengths. Forms say so beside the field; this is for what no form looks at:
addresses written by hand, and programs.
"""

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse

from karibu.web.views.errors import bad_request

log = logging.getLogger("karibu.web")


class Storable:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path:
            raise BadRequest
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DataError):
            return None
        view = request.resolver_match.view_name if request.resolver_match else "?"
        log.warning("%s: what was sent cannot be stored", view)  # the error itself quotes it: it may name people
        return bad_request(request)
