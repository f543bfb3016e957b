"""`DELETE /api/v1/customers/{id}`: erasure; and making anonymous. They stand on the customers' router.

How far one is stands at `/api/v1/erasures/{id}`.
"""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
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


class Begun(Schema):
    """`status`: where it is said when it is done. `waiting_for`: what holds the person and is not over yet."""

    id: int
    status: str
    waiting_for: str = ""


@router.delete("/{int:customer_id}", response={202: Begun}, summary="Erase a customer from every store, for good")
@allow("owner")
def erase_customer(request: HttpRequest, customer_id: int) -> Status[dict[str, Any]]:
    """The person is gone from every page and call with the answer; what they did leaves the event log's files by and
    by. `GET` of `status` says when that is done. Old ids lead to the same person."""
    return _answer(request, customer_id)


@router.post(
    "/{int:customer_id}/anonymise", response={202: Begun}, summary="Make a customer anonymous: statistics stay"
)
@allow("owner")
def anonymise_customer(request: HttpRequest, customer_id: int) -> Status[dict[str, Any]]:
    """Takes the person out of every store and leaves what happened under a number that leads to nobody; they may come
    back as somebody new. Answers as DELETE does."""
    return _answer(request, customer_id, keeps_numbers=True)


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


def _answer(request: HttpRequest, customer_id: int, *, keeps_numbers: bool = False) -> Status[dict[str, Any]]:
    try:
        begun, why = erasure.erase_soon(customer_id, by=actor(request), keeps_numbers=keeps_numbers)
    except erasure.NobodyThere as nobody:
        raise Problem(404, str(nobody)) from None
    status = f"/api/v1/erasures/{begun.pk}"
    return Status(202, {"id": begun.customer_id, "status": status, "waiting_for": why})
