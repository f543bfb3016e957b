"""`DELETE /api/v1/customers/{id}`: erasure; and making anonymous. They stand on the customers' router.

How far one is stands at `/api/v1/erasures/{id}`.
"""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from karibu.consents import erasure
from karibu.consents.models import Erasure
from karibu.customers.api import router
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

__all__ = ["erasures", "router"]
erasures = Router(tags=["customers"])


class ErasureOut(Schema):
    """`done_at` is null until no store holds the person any more; then `counts` says what was taken out."""

    id: int
    customer: int
    anonymised: bool
    begun_at: datetime
    done_at: datetime | None
    counts: dict[str, int]


class Done(Schema):
    """No store holds the person any more; `erased` (or `anonymised`) says what was taken out of which."""

    id: int
    status: str
    erased: dict[str, int] | None = None
    anonymised: dict[str, int] | None = None


class Begun(Schema):
    """`status`: where it is said when it is done. `waiting_for`: what holds the person and is not over yet."""

    id: int
    status: str
    waiting_for: str = ""


ANSWERS = {200: Done, 202: Begun}


@router.delete(
    "/{int:customer_id}", response=ANSWERS, exclude_none=True, summary="Erase a customer from every store, for good"
)
@allow("owner")
def erase_customer(request: HttpRequest, response: HttpResponse, customer_id: int) -> Status[dict[str, Any]]:
    """Answers when it is done, which takes the time to write files of the event log anew. With the header `Prefer:
    respond-async` (RFC 7240), or while something that holds the person is at work, it answers 202 at once: they are out
    of the database, a worker does the rest, and `GET` of `status` says when that is done. Old ids lead to the same
    person."""
    return _answer(request, response, customer_id)


@router.post(
    "/{int:customer_id}/anonymise",
    response=ANSWERS,
    exclude_none=True,
    summary="Make a customer anonymous: statistics stay",
)
@allow("owner")
def anonymise_customer(request: HttpRequest, response: HttpResponse, customer_id: int) -> Status[dict[str, Any]]:
    """Takes the person out of every store and leaves what happened under a number that leads to nobody; they may come
    back as somebody new. Answers as DELETE does."""
    return _answer(request, response, customer_id, keeps_numbers=True)


@erasures.get("/{int:erasure_id}", response=ErasureOut, summary="How far an erasure, or an anonymising, is")
@allow("owner")
def how_far(request: HttpRequest, erasure_id: int) -> dict[str, Any]:
    found = Erasure.objects.filter(pk=erasure_id).first()
    if found is None:
        raise Http404
    return {
        "id": found.pk,
        "customer": found.customer_id,
        "anonymised": found.keeps_numbers,
        "begun_at": found.begun_at,
        "done_at": found.done_at,
        "counts": found.counts,
    }


def _answer(
    request: HttpRequest, response: HttpResponse, customer_id: int, *, keeps_numbers: bool = False
) -> Status[dict[str, Any]]:
    is_soon, why = "respond-async" in request.headers.get("Prefer", ""), ""
    try:
        if is_soon:
            response["Preference-Applied"] = "respond-async"
            begun, why = erasure.erase_soon(customer_id, by=actor(request), keeps_numbers=keeps_numbers)
        else:
            begun = erasure.start(customer_id, actor(request), keeps_numbers=keeps_numbers)
            erasure.finish(begun)
    except erasure.NobodyThere as nobody:
        raise Problem(404, str(nobody)) from None
    except (erasure.StillWaiting, erasure.UnderWay) as later:
        is_soon, why = True, str(later)
    told = {"id": begun.customer_id, "status": f"/api/v1/erasures/{begun.pk}"}
    if is_soon:
        return Status(202, {**told, "waiting_for": why})
    return Status(200, {**told, "anonymised" if keeps_numbers else "erased": begun.counts})
