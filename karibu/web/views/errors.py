"""When something went wrong: what happened, what was kept, what to do. The API and htmx get it in their own form."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from karibu.web import speaking
from karibu.web.access import public

log = logging.getLogger("karibu.web")


@public
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Shoppers get here, too, by a link that was cut off on its way: they are led into the shop."""
    user = getattr(request, "user", None)
    is_stranger = user is None or not user.is_authenticated
    language = speaking.of_person("", request) if user is None or is_stranger else user.language
    with translation.override(language):
        text = _("There is nothing at this address. It may have been deleted or moved; nothing was changed.")
        return _page(request, 404, _("Page not found"), text, is_stranger=is_stranger)


@public
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("Your role does not include this page. Nothing was changed. An owner of the shop can change your role.")
    return _page(request, 403, _("Not for your role"), text)


@public
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    text = _("The request could not be understood. Nothing was changed. Go back and try again.")
    return _page(request, 400, _("Request not understood"), text)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("This page was open for too long, or cookies are blocked. Nothing was changed. Reload and try again.")
    return _page(request, 403, _("Please try that again"), text)


@public
def server_error(request: HttpRequest) -> HttpResponse:
    text = _("Karibu could not finish this. What you changed before is kept. Try again; if it stays, see the log.")
    return _page(request, 500, _("Something failed"), text)


def _page(request: HttpRequest, status: int, title: str, text: str, *, is_stranger: bool = False) -> HttpResponse:
    if request.path.startswith("/api/"):
        from karibu.web.problems import problem

        return problem(status, title, text)
    context: dict[str, Any] = {"status": status, "title": title, "text": text, "is_stranger": is_stranger}
    try:
        return render(request, "web/error.html", context, status=status)
    except Exception:  # the database may be what failed: a page that needs nothing
        log.exception("the error page failed too")
        return HttpResponse(f"{title}. {text}", status=status, content_type="text/plain; charset=utf-8")
