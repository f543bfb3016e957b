from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from karibu.web import access, actions
from karibu.web.forms import Invite
from karibu.web.models import User


@access.allow("owner")
@never_cache
def colleagues(request: HttpRequest) -> HttpResponse:
    """The list; a POST invites and shows the sign-in link, which is stored nowhere."""
    form = Invite(request.POST or None)
    context = {"form": form, "colleagues": User.objects.order_by("-is_active", "email"), "roles": User.Role.choices}
    if request.method == "POST" and form.is_valid():
        user = actions.create_user(form.cleaned_data["email"], role=form.cleaned_data["role"], by=access.actor(request))
        context |= {"form": Invite(), "invited": user, "link": _link(request, user)}
    return render(request, "web/settings/colleagues.html", context, status=422 if form.errors else 200)


@access.allow("owner")
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    user, wanted = get_object_or_404(User, pk=pk), request.POST.get("role", "")
    if wanted not in User.Role.values:
        messages.error(request, _("There is no such role. Nothing was changed."))
        return redirect("settings-colleagues")
    if request.POST.get("was", user.role) != user.role:
        messages.error(request, _("Somebody else changed this role meanwhile. Nothing was changed: look at it again."))
        return redirect("settings-colleagues")
    return _change(request, lambda: actions.change_role(user, wanted, by=access.actor(request)))


@access.allow("owner")
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return _change(request, lambda: actions.deactivate(user, by=access.actor(request)))


@access.allow("owner")
@require_POST
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    return _change(request, lambda: actions.reactivate(user, by=access.actor(request)))


@access.allow("owner")
@require_POST
@never_cache
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """A fresh sign-in link for a colleague who lost theirs."""
    user = get_object_or_404(User, pk=pk, is_active=True)
    everyone = User.objects.order_by("-is_active", "email")
    context = {"form": Invite(), "colleagues": everyone, "roles": User.Role.choices, "invited": user}
    return render(request, "web/settings/colleagues.html", {**context, "link": _link(request, user)})


def _change(request: HttpRequest, change: Callable[[], None]) -> HttpResponse:
    try:
        change()
    except actions.LastOwner:
        messages.error(request, _("Somebody must stay owner. Nothing was changed. Make a colleague owner first."))
    else:
        messages.success(request, _("Saved."))
    return redirect("settings-colleagues")


def _link(request: HttpRequest, user: User) -> str:
    return request.build_absolute_uri(actions.sign_in_path(user))
