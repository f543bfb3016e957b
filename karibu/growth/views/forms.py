"""The builder: the list of forms with what they bring, and one form with a preview of what is typed."""

from typing import Any

from django.conf import settings
from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.growth import actions, counting
from karibu.growth.forms import START, SignUpForm
from karibu.growth.models import Answer, SignUp
from karibu.growth.questions import QUESTIONS
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged


@allow("marketer")
@require_safe
def form_list(request: HttpRequest) -> HttpResponse:
    sums = counting.sums()
    rows = [(one, sums.get(one.pk, counting.Tally("", 0, 0))) for one in SignUp.objects.order_by("name", "pk")]
    return render(request, "growth/forms.html", {"rows": rows})


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def form_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, SignUp())


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(SignUp, pk=pk))


def _edit(request: HttpRequest, found: SignUp) -> HttpResponse:
    form = SignUpForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        saved = form.save()
        actions.save(saved, by=actor(request))
        flashes.success(request, _("The form is saved."))
        return redirect("form", saved.pk)
    tallies = counting.tallies(found) if found.pk else []
    context = {
        "found": found,
        "form": form,
        "tallies": tallies,
        "verdict": counting.compared(*tallies) if len(tallies) == 2 else "",
        "answers": Answer.objects.filter(form=found).count() if found.pk else 0,
        "host": settings.KARIBU_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"),
        **_preview({one.html_name: one.value() for one in form}),
    }
    return render(request, "growth/form.html", context, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def form_preview(request: HttpRequest) -> HttpResponse:
    """What is typed, as visitors would see it. Nothing is kept."""
    said: dict[str, Any] = {name: request.POST.get(name, "") for name in request.POST}
    said["fields_asked"] = request.POST.getlist("fields_asked")
    return render(request, "growth/_preview.html", _preview(said))


def _preview(said: dict[str, Any]) -> dict[str, Any]:
    versions = [{part: said.get(f"{key}_{part}") or "" for part in START} | {"key": key} for key in ("a", "b")]
    count = str(said.get("at_once") or 1)
    asked = [QUESTIONS[name] for name in said.get("fields_asked") or [] if name in QUESTIONS]
    asked = asked[: int(count) if count.isdecimal() else 1]
    shown = [one for one in versions if one["heading"]]
    return {"previews": shown, "questions": asked, "wording": said.get("wording") or ""}


@allow("marketer")
@require_POST
def form_publish(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SignUp, pk=pk)
    actions.publish(found, found.live_at is None, by=actor(request))
    flashes.success(request, _("It is live.") if found.live_at else _("It is taken back; nobody sees it any more."))
    return redirect("form", pk)
