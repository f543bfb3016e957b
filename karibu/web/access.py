"""Who may open what. Signing in is the rule; a view says otherwise with `@public`, or asks for a role with `@allow`."""

from collections.abc import Callable, Collection
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from karibu.web.models import User

View = Callable[..., Any]
OWNER = User.Role.OWNER.value
EVERYONE = tuple(User.Role.values)

public = login_not_required


def allow(*roles: str) -> Callable[[View], View]:
    """Lets in colleagues of one of `roles` (any colleague when none is named). The owner may always.

    Raises PermissionDenied (a 403 page, or a problem document in the API) for anyone else.
    """
    admitted = frozenset((OWNER, *(roles or EVERYONE)))

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if role_of(request) not in admitted:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.karibu_roles = admitted  # type: ignore[attr-defined]
        return guarded

    return decorate


def role_of(request: HttpRequest) -> str:
    """The role this request acts with: the API token's, else the signed-in colleague's, else ''."""
    token = getattr(request, "karibu_token", None)
    if token is not None:
        return str(token.role)
    return str(request.user.role) if request.user.is_authenticated else ""


def may(request: HttpRequest, *roles: str) -> bool:
    """Whether this request acts with one of `roles`, or as the owner."""
    return role_of(request) in (OWNER, *roles)


def reaches(request: HttpRequest, url: str) -> bool:
    """Whether the page at this address of ours lets in whoever asks: nobody is shown a way that ends in a refusal."""
    admitted = _admitted(urlsplit(url).path)
    return admitted is None or role_of(request) in admitted


@lru_cache(1024)
def _admitted(path: str) -> Collection[str] | None:
    """The roles that the page of this path lets in; None where there is none. Every page asks it for its navigation."""
    try:
        view = resolve(path).func
    except Resolver404:
        return None
    return getattr(view, "karibu_roles", EVERYONE)


def _where_they_were(request: HttpRequest) -> str:
    """The page that asks or sends: for a part or a form, the one it stands on."""
    is_part = "HX-Request" in request.headers
    if request.method in ("GET", "HEAD") and not is_part:
        return request.get_full_path()
    page = urlsplit(request.headers.get("HX-Current-URL", "") if is_part else request.headers.get("Referer", ""))
    if page.netloc != request.get_host():
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path or "/"


def actor(request: HttpRequest) -> str:
    """Who the audit log names for what this request does: an e-mail or "token NAME"."""
    token = getattr(request, "karibu_token", None)
    if token is not None:
        return f"token {token.name}"
    return request.user.email if request.user.is_authenticated else "anonymous"


class SignInRequired(LoginRequiredMiddleware):
    """Sends strangers to the sign-in page. The API answers for itself (401 as a problem document)."""

    def process_view(
        self, request: HttpRequest, view_func: View, view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.path.startswith("/api/"):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponse:  # type: ignore[override]
        back = _where_they_were(request)
        url = f"{settings.LOGIN_URL}?{urlencode({'next': back})}" if back != "/" else settings.LOGIN_URL
        if request.method == "POST":
            said = _("You were signed out meanwhile. Nothing was saved: sign in, look at it and send it once more.")
            messages.warning(request, said)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)
