"""One segment: its sentence, its size over time, its members, and whom it shares with another."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from karibu.segments import charts, queries, usage, words
from karibu.segments.models import Segment
from karibu.segments.tables import Members
from karibu.web.access import allow

MOVED = 7  # days


@require_safe
@allow()
def segment(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Segment, pk=pk)
    context: dict[str, Any] = {
        "segment": found,
        "sentence": words.sentence(found.definition),
        "moved": SimpleLazyObject(lambda: queries.moved(pk, MOVED)),
        "moved_days": MOVED,
        "is_young": timezone.now() - found.created_at < timedelta(days=MOVED),
        # A part of the list does not draw these.
        "over_time": SimpleLazyObject(lambda: charts.of_segment(pk)),
        "users": SimpleLazyObject(lambda: usage.of(pk)),
    }
    return Members(request, found).respond("segments/segment.html", context)


@require_safe
@allow()
def waiting(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked every few seconds by the page of a segment whose members are being found: reloads it when they are."""
    is_found = not get_object_or_404(Segment, pk=pk).is_being_found
    return HttpResponse(status=204, headers={"HX-Refresh": "true"} if is_found else {})


@require_safe
@allow()
def overlap(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom this segment shares with another (`with` of the address)."""
    found = get_object_or_404(Segment, pk=pk)
    if found.archived_at:
        return redirect(found)  # which says that nobody is in it
    number = request.GET.get("with", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19 and int(number) != pk
    other = get_object_or_404(Segment, pk=int(number)) if is_number else None
    context: dict[str, Any] = {"segment": found, "other": other, "others": _others(found)}
    context["uncounted"] = next((one for one in (found, other) if other and one and one.size is None), None)
    if other and not context["uncounted"]:
        shared = queries.overlap(found, other)
        finding = charts.shared(found.name, other.name, shared)
        context |= {"shared": shared, "chart": charts.overlap(found.name, other.name, shared), "finding": finding}
    return render(request, "segments/overlap.html", context)


def _others(segment: Segment) -> list[Segment]:
    return list(queries.segments().exclude(pk=segment.pk).order_by("name", "pk"))
