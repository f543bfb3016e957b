"""Who is the same person as whom: merging, taking apart, suggestions."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from karibu.customers import queries
from karibu.customers.actions import keep_apart, merge_suggestion
from karibu.customers.merging import MergeRefused, merge_customers, undo_merge
from karibu.customers.models import Customer, Merge, Suggestion
from karibu.customers.suggestions import open_pairs
from karibu.web import fragments
from karibu.web.access import actor, allow

FOUND = 10


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, customer_id: int) -> HttpResponse:
    """GET: look for the other one and pick. POST `with`: that one becomes part of this customer."""
    found = get_object_or_404(queries.listed(), pk=customer_id)
    if request.method == "POST":
        return _merge(request, found)
    text = request.GET.get("q", "").strip()
    others = queries.listed().exclude(pk=found.pk).order_by("-id")
    candidates = list(queries.matching(others, text)[:FOUND]) if text else []
    context = {"customer": found, "q": text, "candidates": candidates}
    return fragments.render(request, "customers/merge.html", context, fragment="customers/_candidates.html")


def _merge(request: HttpRequest, found: Customer) -> HttpResponse:
    other = request.POST.get("with", "")
    try:
        merge_customers(found.pk, int(other) if other.isdecimal() else 0, by=actor(request), reason=_("picked by hand"))
    except MergeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The two are one customer now. Undo stands under “Joined from”."))
    return redirect(found.get_absolute_url())


@allow()
@require_POST
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    found = get_object_or_404(Merge, pk=merge_id)
    try:
        undo_merge(merge_id, by=actor(request))
    except MergeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("They are two customers again, each with what was theirs."))
    return redirect(f"/customers/{queries.resolve(found.winner) or found.winner}/")


@allow()
@require_GET
def suggestions(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    pairs, older = open_pairs(int(before) if before.isdecimal() else None)
    return render(request, "customers/suggestions.html", {"pairs": pairs, "older": older})


@allow()
@require_POST
def decide(request: HttpRequest, suggestion_id: int, verdict: str) -> HttpResponse:
    found = get_object_or_404(Suggestion, pk=suggestion_id)
    if found.status == Suggestion.Status.OPEN:
        try:
            _decide(request, found, verdict)
        except MergeRefused as refused:
            messages.error(request, str(refused))
    return redirect("/customers/suggestions/")


def _decide(request: HttpRequest, found: Suggestion, verdict: str) -> None:
    if verdict == "merge":
        merge_suggestion(found, by=actor(request))
        messages.success(request, _("The two are one customer now."))
    elif verdict == "apart":
        keep_apart(found, by=actor(request))
        messages.success(request, _("They stay two and will not be suggested again."))
    else:
        raise Http404
