"""Coming in and going out. A link's GET only shows a button, so that a mail scanner cannot use it up."""

import logging
import zoneinfo
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from karibu.web import access, throttle
from karibu.web.actions import record, send_sign_in_link, user_of_link
from karibu.web.forms import AskForLink, SignIn
from karibu.web.models import User

log = logging.getLogger("karibu.web")
BACKEND = "django.contrib.auth.backends.ModelBackend"


@access.public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignIn(request.POST or None)
    if request.method == "POST" and form.is_valid() and (user := _by_password(request, form)):
        return _enter(request, user, "signed in by password")
    status = 422 if form.errors else 200
    return render(request, "web/sign_in.html", {"form": form, "next": _next(request)}, status=status)


@access.public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        found = user_of_link(token)
        return render(request, "web/sign_in_link.html", {"user_of_link": found}, status=200 if found else 410)
    with transaction.atomic():
        user = user_of_link(token, lock=True)
        if user is None:
            return render(request, "web/sign_in_link.html", {"user_of_link": None}, status=410)
        return _enter(request, user, "signed in by link")


@access.public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether there is such a colleague or not."""
    sender = getattr(settings, "KARIBU_SYSTEM_MAIL", "")
    form = AskForLink(request.POST or None)
    sent = False
    if sender and request.method == "POST" and form.is_valid():
        email, network = form.cleaned_data["email"], throttle.network_of(request)
        if throttle.take(f"link {email}", network) is not None:
            _send_link(email, sender)
        sent = True
    context = {"form": form, "can_mail": bool(sender), "is_outside": bool(settings.KARIBU_SMTP_URL), "sent": sent}
    return render(request, "web/sign_in_ask.html", context, status=422 if form.errors else 200)


@access.public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign-in")


def _send_link(email: str, sender: str) -> None:
    """A mail server that fails must not tell a stranger that there was something to send."""
    try:
        send_sign_in_link(email, import_string(sender))
    except Exception as error:  # its text may hold the address
        log.error("a sign-in link could not be sent: %s", type(error).__name__)


def _by_password(request: HttpRequest, form: SignIn) -> User | None:
    """The user, or None with the reason on the form. A stranger's address takes as long as a colleague's."""
    email, network = form.cleaned_data["email"].lower(), throttle.network_of(request)
    tries = throttle.take(email, network)
    if tries is None:
        form.add_error(None, _("Too many tries. Wait a quarter of an hour, or sign in with a link."))
        return None
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if isinstance(user, User):
        throttle.give_back(tries, email)
        return user
    form.add_error(None, _("This e-mail and password do not belong together. Try again, or ask for a link."))
    return None


def _enter(request: HttpRequest, user: User, how: str) -> HttpResponse:
    with transaction.atomic():
        _set_zone(user, request.POST.get("timezone", ""))
        login(request, user, backend=BACKEND)
        record(user.email, how, f"user {user.pk}")
    if not user.has_usable_password():
        messages.info(request, _("Welcome. With a password you can sign in without a link: set one in your profile."))
    return redirect(_next(request) or "/")


def _set_zone(user: User, zone: str) -> None:
    """Whoever has not chosen a zone and never signed in gets the browser's."""
    if user.last_login is None and user.timezone == "UTC" and zone in zoneinfo.available_timezones():
        user.timezone = zone
        user.save(update_fields=["timezone"])


def _next(request: HttpRequest) -> str:
    """Where to go afterwards; only within this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours and urlsplit(wanted).path != reverse("sign-in") else ""
