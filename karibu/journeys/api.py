"""Journeys over HTTP: definitions as JSON, the same that the builder edits."""

from typing import Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from karibu.customers.models import Customer
from karibu.journeys import actions, exporting, live, queries, unread
from karibu.journeys.definition import DefinitionError, fault, parse
from karibu.journeys.explain import whereabouts
from karibu.journeys.models import Enrollment, Journey
from karibu.web import paging
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

router = Router(tags=["journeys"])


class JourneyIn(Schema):
    name: str = Field(max_length=200)
    definition: dict[str, Any]


class JourneyChange(Schema):
    name: str | None = Field(None, max_length=200)
    definition: dict[str, Any] | None = None


class Publishing(Schema):
    inside: Literal["new", "before", "nobody"] = "new"


class PeopleIn(Schema):
    customers: list[int] = Field(max_length=10_000)


class AnswerIn(Schema):
    answer: Literal["yes", "no"]


@router.get("/journeys")
@allow()
def journeys(request: HttpRequest, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """All journeys, newest first."""
    found = paging.page(Journey.objects.all(), limit, cursor)
    return {"items": [_journey(journey) for journey in found["items"]], "next": found["next"]}


@router.post("/journeys", response={201: dict[str, Any]})
@allow("marketer")
def create(request: HttpRequest, body: JourneyIn) -> Any:
    """Makes a draft. 422 names the path in the definition that cannot run."""
    return Status(201, _journey(_checked(lambda: actions.create(body.name, body.definition, by=actor(request)))))


@router.post("/journeys/import", response={201: dict[str, Any]})
@allow("marketer")
def import_(request: HttpRequest) -> Any:
    """Takes in what `export` gave out, here or in another installation, as a draft.

    422 names each path that is wrong, and each segment, template, journey and campaign that is missing.
    """
    try:
        name, definition = exporting.read(request.body)
    except exporting.Unreadable as error:
        errors = [{"field": fault.path, "detail": fault.sentence} for fault in error.faults]
        raise Problem(422, str(error), errors=errors) from None
    return Status(201, _journey(_checked(lambda: actions.create(name, definition, by=actor(request)))))


@router.get("/journeys/{pk}/export")
@allow()
def export(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The draft with names instead of numbers, for another installation."""
    return exporting.written(get_object_or_404(Journey, pk=pk))


@router.get("/journeys/{pk}")
@allow()
def journey(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _journey(get_object_or_404(Journey, pk=pk))


@router.patch("/journeys/{pk}")
@allow("marketer")
def change(request: HttpRequest, pk: int, body: JourneyChange) -> dict[str, Any]:
    """Changes the draft; what is live stays until it is published."""
    found = get_object_or_404(Journey, pk=pk)
    return _journey(
        _checked(lambda: actions.edit(found, name=body.name, definition=body.definition, by=actor(request)))
    )


@router.post("/journeys/{pk}/publish")
@allow("marketer")
def publish(request: HttpRequest, pk: int, body: Publishing | None = None) -> dict[str, Any]:
    """Makes the draft live; `inside` says whom a change reaches: new people, also those before it, or nobody."""
    found = get_object_or_404(Journey, pk=pk)
    inside = body.inside if body else "new"
    return _journey(_checked(lambda: actions.publish(found, by=actor(request), inside=inside)))


@router.post("/journeys/{pk}/pause")
@allow("marketer")
def pause(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _journey(actions.pause(get_object_or_404(Journey, pk=pk), by=actor(request)))


@router.post("/journeys/{pk}/resume")
@allow("marketer")
def resume(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _journey(actions.resume(get_object_or_404(Journey, pk=pk), by=actor(request)))


@router.get("/journeys/{pk}/enrollments")
@allow()
def enrollments(
    request: HttpRequest,
    pk: int,
    status: str = "",
    customer: int | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Everyone who entered, newest first, each with where they are and why."""
    found = Enrollment.objects.filter(journey=get_object_or_404(Journey, pk=pk)).select_related("journey")
    found = found.filter(status=status) if status else found
    found = found if customer is None else found.filter(customer_id=customer)
    page = paging.page(found, limit, cursor)
    return {"items": [_enrollment(enrollment) for enrollment in page["items"]], "next": page["next"]}


@router.post("/journeys/{pk}/enrollments")
@allow("marketer")
def put_in(request: HttpRequest, pk: int, body: PeopleIn) -> dict[str, Any]:
    """Lets customers in by hand: into a live journey that takes people in so. `entered` is how many it took."""
    found = get_object_or_404(Journey, pk=pk)
    if found.status != Journey.Status.LIVE:
        raise Problem(409, _("The journey is not live."))
    definition = live.readable(found.pk, found.version)
    if definition is None:
        raise Problem(409, unread.said(found.version))
    if not definition.entry.by_hand:
        raise Problem(409, _("The journey takes nobody in by hand; its entry says otherwise."))
    known = list(Customer.objects.filter(pk__in=body.customers, erased_at=None, merged_into=None).values_list("pk"))
    if missing := sorted(set(body.customers) - {row[0] for row in known}):
        raise Problem(422, _("There is no customer %(n)s.") % {"n": missing[0]}, field="customers")
    return {"entered": actions.put_in(found, body.customers, by=actor(request))}


@router.post("/journeys/{pk}/enrollments/{enrollment}/answer")
@allow()
def answer(request: HttpRequest, pk: int, enrollment: int, body: AnswerIn) -> dict[str, Any]:
    """A colleague's yes or no for somebody who stands before a step that asks."""
    found = get_object_or_404(Enrollment.objects.select_related("journey"), pk=enrollment, journey=pk)
    if not actions.answer([found.pk], body.answer, by=actor(request)):
        raise Problem(409, _("Nobody asks about this person now."))
    found.refresh_from_db()
    return _enrollment(found)


@router.get("/journeys/{pk}/report")
@allow()
def report(request: HttpRequest, pk: int, days: int = 30) -> dict[str, Any]:
    """What came of it: in total, by version, and at each step of each version; the numbers of its page and its CSV.

    `incremental` is what would not have come anyway, with its interval: in total, of a version, of a step at which
    chance parts people (with its `ways`) or that skips some; null where nobody was held out. `held_out_by` says who
    held people out: the `journey`, its `ways`, the shop's `rules`. A step's `conversions` are people who went through
    it before.

    `days`: how long orders count where those written to are compared with those held out.
    """
    if not 1 <= days <= 365:
        raise Problem(422, _("From 1 to 365 days."), field="days")
    return queries.report(get_object_or_404(Journey, pk=pk), days)


def _checked(deed: Any) -> Journey:
    try:
        found: Journey = deed()
    except DefinitionError as error:
        raise Problem(422, error.sentence, field=f"definition{error.path.removeprefix('$')}") from None
    return found


def _journey(journey: Journey) -> dict[str, Any]:
    """`fault`: what this release cannot read in a draft that another one wrote."""
    wrong = fault(journey.definition)
    return {
        "id": journey.pk,
        "name": journey.name,
        "status": journey.status,
        "version": journey.version,
        "recipe": journey.recipe,
        "definition": journey.definition,
        "sentence": "" if wrong else parse(journey.definition).sentence(),
        "fault": wrong and {"field": f"definition{wrong.path.removeprefix('$')}", "detail": wrong.sentence},
        "published_at": journey.published_at,
    }


def _enrollment(enrollment: Enrollment) -> dict[str, Any]:
    return {
        "id": enrollment.pk,
        "customer": enrollment.customer_id,
        "key": enrollment.key,
        "run": enrollment.run,
        "version": enrollment.version,
        "status": enrollment.status,
        "reason": enrollment.reason,
        "step": enrollment.step,
        "explanation": whereabouts(enrollment),
        "entered_at": enrollment.entered_at,
        "due_at": enrollment.due_at,
        "ended_at": enrollment.ended_at,
    }
