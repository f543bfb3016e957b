"""Pages: sources (settings), and events that were set aside."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from karibu.collect import actions, keeping
from karibu.collect.forms import Correction, KeepingForm, NewSource
from karibu.collect.models import RejectedEvent, Source
from karibu.collect.tables import RejectedEvents, Sources
from karibu.collect.wire import Refused
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged
from karibu.web.tables import back, chosen

RETRIED_AT_ONCE = 1000


@require_GET
@allow("owner")
def source_list(request: HttpRequest) -> HttpResponseBase:
    return Sources(request, Source.objects.all()).respond("collect/sources.html", {"form": NewSource()})


@require_POST
@allow("owner")
def source_create(request: HttpRequest) -> HttpResponse:
    form = NewSource(request.POST)
    if not form.is_valid():
        context = {"form": form, "table": Sources(request, Source.objects.all())}
        return render(request, "collect/sources.html", context, status=422)
    name, kind = form.cleaned_data["name"], form.cleaned_data["kind"]
    source = actions.create_source(name, kind=kind, by=actor(request), believes_consents=kind == "server")
    return redirect("source", source.pk)


@require_GET
@allow("owner")
def source(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Source, pk=pk)
    host = settings.KARIBU_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    return render(request, "collect/source.html", {"source": found, "host": host})


@require_GET
@allow("owner")
def source_pulse(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the source's page that says when it was last heard from; the page asks for it while it is open."""
    return render(request, "collect/_pulse.html", {"source": get_object_or_404(Source, pk=pk)})


@require_POST
@allow("owner")
def source_believe(request: HttpRequest, pk: int) -> HttpResponse:
    actions.believe(get_object_or_404(Source, pk=pk), request.POST.get("believes") == "1", by=actor(request))
    messages.success(request, _("It counts from now on. What was said before stays as it is."))
    return redirect("source", pk)


@require_POST
@allow("owner")
def source_close(request: HttpRequest, pk: int) -> HttpResponse:
    actions.close_source(get_object_or_404(Source, pk=pk), by=actor(request))
    messages.success(request, _("The source is closed. Its events stay."))
    return redirect("source", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@allow("owner")
def keep(request: HttpRequest) -> HttpResponse:
    """For how long rejected events are kept, and how many the rule would let go of now."""
    form = KeepingForm(request.POST or None, instance=keeping.rule())
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        keeping.change_rule(form.save(commit=False), by=actor(request))
        messages.success(request, _("The rule is saved. It is applied every night."))
        return redirect("keeping")
    context = {"form": form, "overdue": keeping.overdue(timezone.now()), "count": RejectedEvent.objects.count()}
    return render(request, "collect/keeping.html", context, status=422 if form.errors else 200)


def _rejected() -> "QuerySet[Any]":
    names = Source.objects.filter(pk=OuterRef("source_id")).values("name")[:1]
    return RejectedEvent.objects.annotate(source_name=Subquery(names))


@require_GET
@allow("marketer")
def rejected_list(request: HttpRequest) -> HttpResponseBase:
    waiting = RejectedEvent.objects.filter(retried_at=None)[:1].exists()
    return RejectedEvents(request, _rejected()).respond(
        "collect/rejected.html", {"is_any_waiting": waiting, "days": keeping.rule().rejected_days}
    )


@require_GET
@allow("marketer")
def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_rejected(), pk=pk)
    return render(request, "collect/rejected_event.html", {"event": found, "form": Correction({"body": found.body})})


@require_POST
@allow("marketer")
def rejected_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Tries one again, as corrected on its page."""
    found = get_object_or_404(_rejected(), pk=pk)
    form = Correction(request.POST)
    if form.is_valid():
        try:
            actions.retry_corrected(found, form.cleaned_data["body"], by=actor(request))
        except Refused as refused:
            form.add_error("body", f"{refused.field}: {refused.reason}" if refused.field else refused.reason)
    if not form.is_valid():
        return render(request, "collect/rejected_event.html", {"event": found, "form": form}, status=422)
    messages.success(request, _("The event is on its way. If it fails again, it comes back here."))
    return redirect("rejected-events")


@require_POST
@allow("marketer")
def rejected_retry_all(request: HttpRequest) -> HttpResponse:
    """Tries the chosen ones again, or where none was chosen the longest waiting."""
    waiting = RejectedEvent.objects.filter(retried_at=None).order_by("pk")
    if ids := chosen(request):
        waiting = waiting.filter(pk__in=ids)
    count = actions.retry(waiting[:RETRIED_AT_ONCE], by=actor(request))
    said = ngettext("%(count)d event is on its way again.", "%(count)d events are on their way again.", count)
    messages.success(request, said % {"count": count})
    return back(request, "/events/rejected/")


@require_POST
@allow("marketer")
def rejected_delete_many(request: HttpRequest) -> HttpResponse:
    found = list(RejectedEvent.objects.filter(pk__in=chosen(request)))
    for event in found:
        actions.discard(event, by=actor(request))
    said = ngettext("%(count)d event is deleted.", "%(count)d events are deleted.", len(found))
    messages.success(request, said % {"count": len(found)})
    return back(request, "/events/rejected/")


@require_POST
@allow("marketer")
def rejected_delete(request: HttpRequest, pk: int) -> HttpResponse:
    actions.discard(get_object_or_404(RejectedEvent, pk=pk), by=actor(request))
    messages.success(request, _("The event is deleted."))
    return redirect("rejected-events")
