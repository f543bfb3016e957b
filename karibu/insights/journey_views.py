"""The report of a journey, as a page and as a table."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from karibu.campaigns import flat
from karibu.insights.journeys import DAYS, USUAL_DAYS, figures
from karibu.journeys.explain import departure
from karibu.journeys.models import Journey
from karibu.messages.drawing import drawn
from karibu.messages.queries import waterfall
from karibu.web import charts
from karibu.web.access import allow
from karibu.web.streams import csv_file


@require_safe
@allow()
def report(request: HttpRequest, journey: int) -> HttpResponse:
    found = get_object_or_404(Journey, pk=journey)
    days = _days(request)
    said = figures(found, days)
    steps = [_told(row) for row in said["steps"]]
    context = {
        "journey": found,
        "report": said,
        "days": days,
        "choices": DAYS,
        "times": _times(said["time_to_convert"]),
        "steps": steps,
        "parted": [row for row in steps if row["ways"]],
        "door": f"{reverse('journey', args=[found.pk])}?open=rules#start",
        "versions": [{**row, "half": _half(row)} for row in said["versions"]],
        "fates": (fates := waterfall(f"journey:{found.pk}")),
        "drawing": drawn(fates),
    }
    return render(request, "insights/journey.html", context)


@require_safe
@allow()
def report_csv(request: HttpRequest, journey: int) -> HttpResponseBase:
    """The very numbers of the page and of the API."""
    found = get_object_or_404(Journey, pk=journey)
    return csv_file(request, f"journey-{found.pk}", flat.rows(figures(found, _days(request))))


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) in DAYS else USUAL_DAYS


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A step's row, with why people left as one says it."""
    why = [(departure(one["reason"]), one["people"]) for one in row["why"]]
    return {**row, "number": row["position"] + 1, "why": why, "half": _half(row)}


def _half(row: dict[str, Any]) -> str:
    """In which time half of those who converted did; "" where nobody has."""
    return "" if row["time_to_convert"] is None else spoken(row["time_to_convert"])


def _times(took: dict[str, Any]) -> dict[str, Any] | None:
    """The time to convert in words and as bars; None while nobody has."""
    if took["median"] is None:
        return None
    hours, people = _("Within"), _("People")
    rows = [{hours: _bar(bar["hours"]), people: bar["people"]} for bar in took["bars"]]
    axis = {"format": ",d", **charts.whole(row[people] for row in rows)}
    encoding = {
        "x": {"field": hours, "type": "nominal", "sort": None, "title": None, "axis": {"labelAngle": 0}},
        "y": {"field": people, "type": "quantitative", "title": None, "axis": axis},
    }
    chart = {"data": {"values": rows}, "mark": {"type": "bar"}, "encoding": encoding, "height": 120}
    return {"median": spoken(took["median"]), "p90": spoken(took["p90"]), "chart": chart}


def _bar(hours: int | None) -> str:
    return _("later") if hours is None else spoken(hours * 3600)


def spoken(seconds: int) -> str:
    """A length as one says it, in its largest unit."""
    minutes, hours, days = round(seconds / 60), round(seconds / 3600), round(seconds / 86400)
    if minutes < 90:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes} if minutes != 60 else _("1 hour")
    if hours < 48 and hours != 24:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
