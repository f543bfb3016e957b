"""The explorer: what arrives, how much of it, and each event whole."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.events import log, people, queries
from karibu.events.tables import EventRows, EventTable
from karibu.web import charts, formats
from karibu.web.access import allow

DAYS = 30
OWN_LINES = ("message_id", "customer", "name", "properties", "traits", "context", "items")


@allow()
def explorer(request: HttpRequest) -> HttpResponseBase:
    table = EventTable(request, EventRows())
    since = timezone.now() - timedelta(days=DAYS)
    names, chart = queries.names(since), _chart()
    context = {
        "has_any": queries.has_any(),
        "chart": chart,
        "finding": _finding(chart),
        "names": names[:10],
        "trouble": queries.trouble(),
        "address": settings.KARIBU_PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"),
        **_arriving(),
    }
    return table.respond("events/explorer.html", context)


@allow()
def arriving(request: HttpRequest) -> HttpResponse:
    """The line that the explorer asks for every few seconds."""
    return render(request, "events/_arriving.html", _arriving())


@allow()
def detail(request: HttpRequest, microseconds: int, message_id: str) -> HttpResponse:
    try:
        time = log.EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        raise Http404 from None
    event = log.find(message_id, time)
    if event is None:
        raise Http404
    who = people.names([event.customer]).get(event.customer, "")
    context = {"event": event, "who": who, "facts": _facts(event), "parts": _parts(event)}
    return render(request, "events/detail.html", context)


def _arriving() -> dict[str, Any]:
    (_day, yesterday), (_today, today) = queries.per_day(2)
    return {"today": today, "yesterday": yesterday, "hour": queries.this_hour(), "last": queries.last_arrival()}


def _chart() -> dict[str, Any]:
    days = queries.per_day(DAYS)
    values = [{"day": day.isoformat(), "events": number} for day, number in days]
    return {
        "data": {"values": values},
        "mark": "bar",
        "encoding": {
            "x": {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%-d %b", "tickCount": 6}},
            "y": {
                "field": "events",
                "type": "quantitative",
                "title": None,
                "axis": charts.whole(number for _day, number in days),
            },
        },
        "height": 140,
    }


def _finding(chart: dict[str, Any]) -> str:
    """What the chart shows, in a sentence."""
    most = max(chart["data"]["values"], key=lambda day: day["events"])
    day = formats.moment(date.fromisoformat(most["day"]))
    return _("Most on %(day)s: %(number)s events") % {"day": day, "number": formats.count(most["events"])}


def _facts(event: log.LoggedEvent) -> list[tuple[str, str]]:
    """The filled columns, in the order of the log."""
    filled = [(name, getattr(event, name)) for name in event.__struct_fields__ if name not in OWN_LINES]
    return [(name, _said(value)) for name, value in filled if value not in (None, "", 0, False)]


def _said(value: Any) -> str:
    """Exactly as it was: times to the millisecond in the viewer's zone, amounts without empty decimals."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="milliseconds")
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _parts(event: log.LoggedEvent) -> list[tuple[str, str]]:
    """What came as JSON, readable."""
    parts = [(_("Properties"), event.properties), (_("Traits"), event.traits), (_("Context"), event.context)]
    return [(title, msgspec.json.format(msgspec.json.encode(part)).decode()) for title, part in parts if part]
