"""`/api/v1/campaigns`: the same plan, deeds and report that the pages have."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from pydantic import Field

from karibu.campaigns import actions, preview, report, said
from karibu.campaigns.check import findings
from karibu.campaigns.models import Campaign
from karibu.shop.models import CouponPool
from karibu.web import paging
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

router = Router(tags=["campaigns"])


class Plan(Schema):
    """Who gets what when. `include` and `exclude` are segments (none: everybody who is known); several `templates`
    (keys) are compared. `when`: `now`, `at` (`day` and `hour` of the shop's clock), `local` (of each person's clock),
    `best` (on `day`, at each person's hour). `holdout` and `test_share` are percent. With `test_share`, the others
    get the winner by `goal` after `test_hours`, or the one chosen by hand."""

    include: list[int] = []
    exclude: list[int] = []
    templates: list[str] = []
    channel: str = "email"
    holdout: int = Field(10, ge=0, le=90)
    coupon_pool: int | None = None
    utm_campaign: str | None = None
    when: Literal["now", "at", "local", "best"] = "now"
    day: date | None = None
    hour: time | None = None
    per_hour: int | None = Field(None, ge=1)
    late_hours: int = Field(24, ge=1, le=8760)
    test_share: int | None = Field(None, ge=1, le=100)
    test_hours: int | None = Field(None, ge=0, le=8760)
    goal: Literal["orders", "clicks", "opens"] = "clicks"
    window_days: int = Field(5, ge=1, le=365)


class CampaignIn(Plan):
    name: str = Field(min_length=1, max_length=200)


class CampaignChange(Plan):
    name: str | None = None


class Choice(Schema):
    """`arm` is the place of the template in `templates`, from 0."""

    arm: int


@router.get("/campaigns")
@allow()
def campaigns(request: HttpRequest, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """All campaigns, newest first."""
    found = paging.page(Campaign.objects.all(), limit, cursor)
    return {"items": [_campaign(one) for one in found["items"]], "next": found["next"]}


@router.post("/campaigns", response={201: dict[str, Any]})
@allow("marketer")
def create(request: HttpRequest, body: CampaignIn) -> Any:
    """Makes a draft; nothing is sent before it is launched."""
    return Status(201, _campaign(_done(lambda: actions.create(body.name, by=actor(request), **_plan(body)))))


@router.get("/campaigns/{pk}")
@allow()
def campaign(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _campaign(get_object_or_404(Campaign, pk=pk))


@router.patch("/campaigns/{pk}")
@allow("marketer")
def change(request: HttpRequest, pk: int, body: CampaignChange) -> dict[str, Any]:
    """Changes what is given of a draft; 409 once it is launched."""
    found = get_object_or_404(Campaign, pk=pk)
    return _campaign(_done(lambda: actions.edit(found, by=actor(request), **_plan(body))))


@router.get("/campaigns/{pk}/preview")
@allow()
def check(request: HttpRequest, pk: int) -> dict[str, Any]:
    """What the gate would say now: how many, and who would not get it and why. `estimated_from` is null where
    everybody was asked about. `findings` are what the linter points at in the templates: error, warning or hint."""
    one = get_object_or_404(Campaign, pk=pk)
    found = preview.preview(one)
    lines = [{"kind": one.kind, "words": one.words, "people": one.people} for one in found.lines]
    estimated = found.asked if found.is_estimate else None
    pointed = [{"template": t.key, **asdict(finding)} for t, said_of_it in findings(one) for finding in said_of_it.all]
    return {
        "audience": found.audience,
        "estimated_from": estimated,
        "lines": lines,
        "notes": found.notes,
        "findings": pointed,
    }


@router.post("/campaigns/{pk}/launch")
@allow("marketer")
def launch(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Begins at its hour. 422 names the field that keeps it from being sent, 409 says that it is launched already."""
    return _deed(request, pk, actions.launch)


@router.post("/campaigns/{pk}/approve")
@allow("marketer")
def approve(request: HttpRequest, pk: int) -> dict[str, Any]:
    """A second person lets it go, where the owner wants that."""
    return _deed(request, pk, actions.approve)


@router.post("/campaigns/{pk}/pause")
@allow("marketer")
def pause(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _deed(request, pk, actions.pause)


@router.post("/campaigns/{pk}/resume")
@allow("marketer")
def resume(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _deed(request, pk, actions.resume)


@router.post("/campaigns/{pk}/cancel")
@allow("marketer")
def cancel(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _deed(request, pk, actions.cancel)


@router.post("/campaigns/{pk}/take-back")
@allow("marketer")
def take_back(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Undoes a launch that has not begun: it is a draft again."""
    return _deed(request, pk, actions.take_back)


@router.post("/campaigns/{pk}/winner")
@allow("marketer")
def choose(request: HttpRequest, pk: int, body: Choice) -> dict[str, Any]:
    """Chooses by hand which template the rest of the audience gets."""
    found = get_object_or_404(Campaign, pk=pk)
    return _campaign(_done(lambda: actions.choose_winner(found, body.arm, by=actor(request))))


@router.get("/campaigns/{pk}/report")
@allow()
def the_report(request: HttpRequest, pk: int) -> dict[str, Any]:
    """The figures of the campaign's page and of its CSV. Money is text, exact, in `currency`."""
    found = get_object_or_404(Campaign, pk=pk)
    return {"id": found.pk, "name": found.name, "status": found.status, **report.figures(found)}


def _plan(body: Plan) -> dict[str, Any]:
    """What was given of it."""
    given = body.dict(exclude_unset=True)
    given.pop("name", None) if isinstance(body, CampaignIn) else None
    if given.get("coupon_pool") is not None:
        pool = CouponPool.objects.filter(pk=given["coupon_pool"]).first()
        if pool is None:
            raise Problem(422, f"There is no coupon pool {given['coupon_pool']}.", field="coupon_pool")
        given["coupon_pool"] = pool
    for name in ("utm_campaign", "name"):
        if name in given and given[name] is None:
            del given[name]
    return given


def _deed(request: HttpRequest, pk: int, verb: Callable[..., Campaign]) -> dict[str, Any]:
    found = get_object_or_404(Campaign, pk=pk)
    return _campaign(_done(lambda: verb(found, by=actor(request))))


def _done(deed: Callable[[], Campaign]) -> Campaign:
    """What a verb refuses is a problem document: 409 for the wrong moment, 422 (by field) for what is not valid."""
    try:
        return deed()
    except actions.NotNow as refused:
        raise Problem(409, str(refused)) from None
    except ValidationError as error:
        errors = [{"field": name, "detail": one} for name, said in error.message_dict.items() for one in said]
        raise Problem(422, " ".join(error.messages), errors=errors) from None


def _campaign(one: Campaign) -> dict[str, Any]:
    moments: dict[str, datetime | None] = {
        name: getattr(one, name) for name in ("created_at", "launched_at", "starts_at", "begun_at", "finished_at")
    }
    plan = {name: getattr(one, name) for name in actions.PLAN if name != "coupon_pool"}
    return {
        "id": one.pk,
        "status": one.status,
        "sentence": said.plan(one),
        **plan,
        "coupon_pool": one.coupon_pool_id,
        "winner": one.winner,
        "audience": one.audience,
        **moments,
    }
