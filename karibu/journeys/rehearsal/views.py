"""The pages of rehearsals."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.models import Journey, Rehearsal
from karibu.journeys.rehearsal import actions, said
from karibu.journeys.rehearsal.blind import said as blind_said
from karibu.journeys.rehearsal.past import TOLD
from karibu.journeys.rehearsal.tables import People
from karibu.journeys.rehearsal.times import is_put_in
from karibu.segments import queries as segments
from karibu.web import fragments
from karibu.web.access import actor, allow, may
from karibu.web.queries import shop

PERIODS = (30, 90, 180, 366)
TONES = {"queued": "info", "running": "info", "done": "good", "stopped": "warn", "failed": "bad"}


@require_safe
@allow()
def newest(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest rehearsal of the journey, or what one is for."""
    journey = get_object_or_404(Journey, pk=pk)
    return _show(request, journey, journey.rehearsals.order_by("-pk").first())


@require_safe
@allow()
def rehearsal(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=pk)
    return _show(request, journey, get_object_or_404(journey.rehearsals, pk=number))


@require_POST
@allow("marketer")
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    journey = get_object_or_404(Journey, pk=pk)
    try:
        made = actions.begin(journey, by=actor(request), **_wanted(request))
    except DefinitionError as error:
        messages.error(request, _("Not rehearsed. %(what)s") % {"what": error.sentence})
        return redirect("journey", pk)
    except ValueError:
        messages.error(request, _("Choose from 1 to %(n)s days.") % {"n": actions.MOST_DAYS})
        return redirect("journey-rehearsals", pk)
    return redirect("journey-rehearsal", pk, made.pk)


@require_POST
@allow("marketer")
def stop(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    found = get_object_or_404(Rehearsal, pk=number, journey_id=pk)
    if actions.stop(found, by=actor(request)):
        messages.success(request, _("Stopped. What it had come to is kept."))
    return redirect("journey-rehearsal", pk, number)


@require_safe
@allow()
def people(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    found = get_object_or_404(Rehearsal.objects.select_related("journey"), pk=number, journey_id=pk)
    table = People(request, found.people.all(), parse(found.definition))
    return table.respond("journeys/rehearsal/people.html", {"journey": found.journey, "rehearsal": found})


def _show(request: HttpRequest, journey: Journey, found: Rehearsal | None) -> HttpResponse:
    context: dict[str, Any] = {
        "journey": journey,
        "rehearsal": found,
        "periods": PERIODS,
        "days": _days(found) if found else actions.DAYS,
        "can_rehearse": may(request, "marketer"),
        "stand_ins": _choosable(journey),
        "most": TOLD,
        "earlier": list(journey.rehearsals.order_by("-pk").values("pk", "status", "created_at", "since", "until")),
    }
    if found:
        context |= _told(request, found)
    page, part = "journeys/rehearsal/rehearsal.html", "journeys/rehearsal/_told.html"
    return fragments.render(request, page, context, fragment=part)


def _wanted(request: HttpRequest) -> dict[str, Any]:
    """What the form asks for. Raises ValueError for days that are no number; an unknown segment is none."""
    put_in = request.POST.get("stand_in", "")
    is_known = put_in.isdecimal() and bool(segments.names([int(put_in)]))
    return {
        "days": int(request.POST.get("days", actions.DAYS)),
        "everybody": "everybody" in request.POST,
        "stand_in": int(put_in) if is_known else None,
    }


def _choosable(journey: Journey) -> list[tuple[int, str]]:
    """The segments of which one can stand in for those whom nothing in the log names; none where none has to."""
    try:
        put_in = is_put_in(parse(journey.definition))
    except DefinitionError:
        return []
    return list(segments.segments().order_by("name", "pk").values_list("pk", "name")) if put_in else []


def _told(request: HttpRequest, found: Rehearsal) -> dict[str, Any]:
    result = found.result
    price = _price(request.GET.get("price", ""))
    stalled = actions.is_stalled(found)
    definition = parse(found.definition)
    return {
        "tone": TONES[found.status],
        "is_doing": found.status in actions.OPEN and not stalled,
        "is_stalled": stalled,
        "is_partial": found.status in ("stopped", "failed"),
        "share": said.share(found),
        "result": result,
        "headline": said.headline(result, _days(found)) if result else "",
        "picture": said.picture(found),
        "track": said.track(definition, result),
        "sentence": definition.sentence(),
        "entry": definition.entry.sentence(),
        "is_as_drawn": found.definition == found.journey.definition,
        "ended": said.ended(result),
        "gate": said.gate(result),
        "crowd": said.crowd(result),
        "collisions": said.collisions(result),
        "costs": said.cost(result, price),
        "price": request.GET.get("price", ""),
        "currency": shop().currency,
        "blind": [blind_said(word) for word in result.get("blind", [])],
        "unfollowed": [step.sentence() for step in definition.steps if step.KIND in result.get("unfollowed", {})],
    }


def _days(found: Rehearsal) -> int:
    return (found.until - found.since).days


def _price(typed: str) -> Decimal | None:
    try:
        price = Decimal(typed.replace(",", "."))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 <= price < 1000 else None
