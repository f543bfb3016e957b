from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from karibu.web import access
from karibu.web.actions import record
from karibu.web.forms import Password, Profile
from karibu.web.models import User
from karibu.web.stale import unchanged


@access.allow()
def profile(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = Profile(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect("settings-profile")
    return _page(request, form, Password(user))


@access.allow()
@require_POST
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = Password(user, request.POST)
    if not form.is_valid():
        return _page(request, Profile(instance=user), form)
    with transaction.atomic():
        user.set_password(form.cleaned_data["new"])
        user.save(update_fields=["password"])
        record(user.email, "changed password", f"user {user.pk}")
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is set. Everywhere else you are signed out."))
    return redirect("settings-profile")


def _page(request: HttpRequest, form: Profile, password_form: Password) -> HttpResponse:
    context = {"form": form, "password_form": password_form}
    status = 422 if form.errors or password_form.errors else 200
    return render(request, "web/settings/profile.html", context, status=status)
