"""One template for a page and for the part of it that htmx swaps."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils.cache import patch_vary_headers


def render(
    request: HttpRequest, page: str, context: dict[str, Any] | None = None, *, fragment: str, status: int = 200
) -> HttpResponse:
    """`fragment` for an htmx request, the full `page` (which includes it) for any other, with the same context."""
    response = render_page(request, fragment if is_partial(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part; going back through the browser's history wants the whole page again."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
