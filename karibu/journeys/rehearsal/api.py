"""Rehearsals over HTTP: begun, looked at until they are done, stopped."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from karibu.journeys.definition import DefinitionError
from karibu.journeys.models import Journey, Rehearsal
from karibu.journeys.rehearsal import actions, said
from karibu.journeys.rehearsal.blind import said as blind_said
from karibu.segments import queries as segments
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

router = Router(tags=["journeys"])


class RehearsalIn(Schema):
    days: int = Field(actions.DAYS, ge=1, le=actions.MOST_DAYS)
    everybody: bool = False
    stand_in: int | None = None  # a segment: who is put in where nothing says whom


class RehearsalOut(Schema):
    id: int
    journey: int
    status: str
    reason: str
    since: datetime
    until: datetime
    done: int
    total: int | None
    headline: str
    result: dict[str, Any]
    blind: list[str]


@router.post("/journeys/{pk}/rehearsals", response={202: RehearsalOut})
@allow("marketer")
def begin(request: HttpRequest, pk: int, body: RehearsalIn | None = None) -> Any:
    """Tells the draft over the last `days`. Nothing is sent or changed; the one that is under way is answered."""
    wanted = body or RehearsalIn.model_validate({})
    if wanted.stand_in and not segments.names([wanted.stand_in]):
        raise Problem(422, _("There is no such segment."), field="stand_in")
    try:
        begun = actions.begin(get_object_or_404(Journey, pk=pk), by=actor(request), **wanted.dict())
        return Status(202, _out(begun))
    except DefinitionError as error:
        raise Problem(422, error.sentence, field=f"definition{error.path.removeprefix('$')}") from None


@router.get("/journeys/{pk}/rehearsals/{number}", response=RehearsalOut)
@allow()
def rehearsal(request: HttpRequest, pk: int, number: int) -> Any:
    """`done` of `total` events have been told; `result` is there when the status is done, stopped or failed."""
    return _out(get_object_or_404(Rehearsal, pk=number, journey_id=pk))


@router.post("/journeys/{pk}/rehearsals/{number}/stop", response=RehearsalOut)
@allow("marketer")
def stop(request: HttpRequest, pk: int, number: int) -> Any:
    """What it had come to is kept, and true of those told so far."""
    found = get_object_or_404(Rehearsal, pk=number, journey_id=pk)
    actions.stop(found, by=actor(request))
    found.refresh_from_db()
    return _out(found)


def _out(one: Rehearsal) -> dict[str, Any]:
    return {
        "id": one.pk,
        "journey": one.journey_id,
        "status": one.status,
        "reason": one.reason,
        "since": one.since,
        "until": one.until,
        "done": one.done,
        "total": one.total,
        "headline": said.headline(one.result, (one.until - one.since).days) if one.result else "",
        "result": {name: value for name, value in one.result.items() if name != "blind"},
        "blind": [blind_said(word) for word in one.result.get("blind", [])],
    }
