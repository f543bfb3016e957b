"""Home, its live numbers, the insights page and every metric as CSV."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from karibu.insights import cards, first_steps, health, moments, reports, suggestions, today
from karibu.insights.metrics import METRICS, Measurement, UnknownDimension
from karibu.insights.periods import BadPeriod, Period, parse, zone_named
from karibu.web.access import allow
from karibu.web.streams import csv_file


def viewers_zone() -> ZoneInfo:
    """The zone in which the one who looks wants to see days."""
    return ZoneInfo(timezone.get_current_timezone_name())


@require_safe
@allow()
def home(request: HttpRequest) -> HttpResponse:
    steps = first_steps.first_steps()
    open_step = next((step.name for step in steps if not step.is_done), "")
    context = {
        "tiles": today.tiles(viewers_zone()),
        "moments": moments.latest(),
        "suggestions": suggestions.lately(),
        "troubles": health.troubles(),
        "cards": cards.on_the_table(),
        "steps": [] if first_steps.is_over(steps) else steps,
        "next_step": open_step,
    }
    return render(request, "insights/home.html", context)


@require_safe
@allow()
def live_now(request: HttpRequest) -> JsonResponse:
    """What /live/ would say, for a browser that has lost the stream."""
    return JsonResponse(
        {
            "numbers": render_to_string("insights/_tiles.html", {"tiles": today.tiles(viewers_zone())}),
            "moments": render_to_string("insights/_moments.html", {"moments": moments.latest()}),
        }
    )


@require_safe
@allow()
def insights(request: HttpRequest) -> HttpResponse:
    days = reports.days_asked(request.GET.get("days", ""))
    return render(request, "insights/insights.html", reports.report(days, viewers_zone()))


@require_safe
@allow()
def journey_part(request: HttpRequest, journey: int) -> HttpResponse:
    """What one journey's messages have earned: a part that the journey's page loads."""
    return render(request, "insights/_journey.html", reports.earned_by(f"journey:{journey}", viewers_zone()))


@require_safe
@allow()
def metric_csv(request: HttpRequest, metric: str) -> HttpResponseBase:
    """One metric as a table: the very numbers of the screen and of the API."""
    if metric not in METRICS:
        raise Http404(f"There is no metric called {metric}.")
    by = request.GET.get("by", "day" if "day" in METRICS[metric].dimensions else "")
    try:
        period = asked(request)
        measured = METRICS[metric].measure(period, by)
    except (BadPeriod, UnknownDimension) as error:
        return HttpResponseBadRequest(str(error), content_type="text/plain; charset=utf-8")
    return csv_file(request, metric, _rows(metric, by, measured))


def asked(request: HttpRequest) -> Period:
    """`from`, `to` and `zone` of the address; without a zone, the viewer's. Raises BadPeriod."""
    zone = zone_named(request.GET["zone"]) if request.GET.get("zone") else viewers_zone()
    return parse(request.GET.get("from", ""), request.GET.get("to", ""), zone)


def _rows(metric: str, by: str, measured: Measurement) -> Iterator[list[str]]:
    yield [by or "metric", metric]
    if not by:
        yield [metric, str(measured.total)]
    for point in measured.series:
        yield [point.key, str(point.value)]
