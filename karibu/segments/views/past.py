"""Who was in a segment at the end of a day of the past."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from karibu.segments import charts, membership, queries
from karibu.segments.models import Segment
from karibu.segments.tables import Then
from karibu.web.access import allow


@require_safe
@allow()
def past(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for the day; `day` of the address leads to its page."""
    found = get_object_or_404(Segment, pk=pk)
    asked = request.GET.get("day", "")
    day = _day(asked)
    if day and day <= timezone.localdate():
        return redirect("segment-past", pk, day.isoformat())
    fault = (_("This day is still to come.") if day else _("Choose a day.")) if "day" in request.GET else ""
    yesterday = timezone.localdate() - timedelta(days=1)
    context = {"segment": found, "asked": asked or yesterday.isoformat(), "fault": fault, **_around(found)}
    return render(request, "segments/past.html", context, status=422 if fault else 200)


@require_safe
@allow()
def on_day(request: HttpRequest, pk: int, day: str) -> HttpResponseBase:
    """Its members at the end of the day by the viewer's clock; today: now."""
    found, asked = get_object_or_404(Segment, pk=pk), _day(day)
    today = timezone.localdate()
    if asked is None or asked > today:
        raise Http404
    ids = membership.as_of(found.pk, _end(asked))["id"].to_pylist()
    context: dict[str, Any] = {
        "segment": found,
        "day": asked,
        "asked": asked.isoformat(),
        **_around(found),
        "people": len(ids),
        "most": queries.FEW,
        "until": f"{_end(asked).astimezone(UTC):%Y-%m-%dT%H:%M}",  # as the terminal takes it
        "is_before": _end(asked) < found.created_at,
    }
    table = Then(request, queries.by_old_ids(ids[: queries.FEW]))
    table.file_name = f"{found.slug}-{asked}"
    listed = min(len(ids), queries.FEW)
    context["unlisted"] = SimpleLazyObject(lambda: listed - table.total)
    return table.respond("segments/past.html", context)


def _around(segment: Segment) -> dict[str, Any]:
    """What helps to choose a day; a part of the list does not draw it."""
    over_time = SimpleLazyObject(lambda: charts.of_segment(segment.pk))
    return {"today": timezone.localdate(), "over_time": over_time}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _end(day: date) -> datetime:
    return min(timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time())), timezone.now())
