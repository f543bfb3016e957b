"""Errors of the API: RFC 9457 problem documents that name the field."""

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as Unprocessable

from karibu.web.paging import BadCursor

TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Method not allowed",
    409: "Conflict", 413: "Too large", 415: "Unsupported media type", 422: "Not valid", 429: "Too many requests",
    503: "Not available",
}  # fmt: skip


class Problem(Exception):
    """Raise it in an API function: `raise Problem(409, "The campaign has been launched already.")`."""

    def __init__(self, status: int, detail: str, *, field: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more
        if field:
            self.more["errors"] = [{"field": field, "detail": detail}]


def problem(status: int, title: str = "", detail: str = "", **more: Any) -> HttpResponse:
    """`{"type", "title", "status", "detail"}` and, for what is not valid, `"errors": [{"field", "detail"}]`."""
    body = {"type": "about:blank", "title": title or TITLES.get(status, "Error"), "status": status, "detail": detail}
    response = HttpResponse(
        json.dumps(body | more, default=str), status=status, content_type="application/problem+json"
    )
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="karibu"'
    return response


def methods_named(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an address of the API asked with a method it does not have says so as every refusal does.

    It names those that there are (RFC 9110, 15.5.6). Django Ninja answers by itself there, before any handler.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or not request.path.startswith("/api/"):
            return response
        allowed = ", ".join(sorted(response.headers["Allow"].split(", ")))
        refusal = problem(405, detail=f"This address answers {allowed}, not {request.method}.")
        refusal["Allow"] = allowed
        return refusal

    return middleware


def install(api: NinjaAPI) -> None:
    """Makes every error of `api` a problem document."""

    def answer(kind: type[Exception], status: int, detail: str) -> None:
        api.add_exception_handler(kind, lambda request, error: problem(status, detail=detail))

    answer(AuthenticationError, 401, "Send an API token as 'Authorization: Bearer …'; see Settings, API tokens.")
    answer(PermissionDenied, 403, "The role of this token does not include this call.")
    answer(Http404, 404, "There is nothing at this address.")
    api.add_exception_handler(BadCursor, _bad_cursor)
    answer(DataError, 422, "A value is longer than it may be, or holds a character that cannot be stored.")
    api.add_exception_handler(Problem, _raised)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Unprocessable, _unprocessable)
    api.add_exception_handler(ValidationError, _invalid)


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status_code, detail=str(error))


def _bad_cursor(request: HttpRequest, error: Any) -> HttpResponse:
    return _raised(request, Problem(422, "The cursor is not one that this list gave out.", field="cursor"))


def _raised(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error.status, detail=error.detail, **error.more)


def _unprocessable(request: HttpRequest, error: Any) -> HttpResponse:
    """What pydantic found. The first part of a location (body, query, path) and the name of the body are left out."""
    errors = [{"field": _field(found["loc"]), "detail": found["msg"]} for found in error.errors]
    detail = "; ".join(f"{found['field']}: {found['detail']}" for found in errors)
    return problem(422, detail=detail, errors=errors)


def _field(location: tuple[Any, ...]) -> str:
    inside = location[2:] if location[:1] == ("body",) and len(location) > 2 else location[1:]
    return ".".join(str(part) for part in inside) or str(location[0])


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """What a model or a verb refused."""
    fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    errors = [{"field": name, "detail": text} for name, texts in fields.items() for text in texts]
    return problem(422, detail="; ".join(found["detail"] for found in errors), errors=errors)
