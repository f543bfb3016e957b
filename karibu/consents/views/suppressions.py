"""Addresses that get nothing: the list, blocking by hand or by file, and lifting with a reason."""

from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from karibu.consents import actions
from karibu.consents.forms import LiftForm, SuppressForm
from karibu.consents.models import Suppression
from karibu.consents.suppressing import Suppressions
from karibu.web.access import actor, allow


@allow("marketer")
@require_GET
def suppression_list(request: HttpRequest) -> HttpResponseBase:
    return Suppressions(request, Suppression.objects.all()).respond("consents/suppressions.html")


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def suppress(request: HttpRequest) -> HttpResponse:
    form = SuppressForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        new = actions.block(said["channel"], said["found"], said["reason"], by=actor(request), note=said["note"])
        words = ngettext(
            "%(n)d address is blocked; %(old)d were before.", "%(n)d addresses are blocked; %(old)d were before.", new
        )
        flashes.success(request, words % {"n": new, "old": len(said["found"]) - new})
        return redirect("suppressions")
    return render(request, "consents/suppress.html", {"form": form}, status=422 if form.errors else 200)


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def suppression(request: HttpRequest, pk: int) -> HttpResponse:
    """One block: who made it and why; a POST with a reason lifts it."""
    found = get_object_or_404(Suppression, pk=pk)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.lift_suppression(found.channel, found.value, by=actor(request), because=form.cleaned_data["because"])
        flashes.success(request, _("The address is written to again."))
        return redirect("suppressions")
    context = {"suppression": found, "form": form}
    return render(request, "consents/suppression.html", context, status=422 if form.errors else 200)
