"""`DELETE /api/v1/customers/{id}`: erasure; and making anonymous. They stand on the customers' router."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Status

from karibu.consents import erasure
from karibu.consents.models import Erasure
from karibu.customers.api import router
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

__all__ = ["router"]


@router.delete(
    "/{int:customer_id}",
    response={200: dict[str, Any], 202: dict[str, Any]},
    summary="Erase a customer from every store, for good",
)
@allow("owner")
def erase_customer(request: HttpRequest, customer_id: int) -> Status[dict[str, Any]]:
    """Answers when it is done: `{"id": ..., "erased": {"events": 120, ...}}`. Old ids lead to the same person.

    202 with `waiting_for` when something that holds the person is at work; the rest follows by itself.
    """
    return _answer(customer_id, "erased", lambda: erasure.erase(customer_id, by=actor(request)))


@router.post(
    "/{int:customer_id}/anonymise",
    response={200: dict[str, Any], 202: dict[str, Any]},
    summary="Make a customer anonymous: statistics stay",
)
@allow("owner")
def anonymise_customer(request: HttpRequest, customer_id: int) -> Status[dict[str, Any]]:
    """Takes the person out of every store and leaves what happened under a number that leads to nobody; they may come
    back as somebody new. Answers as DELETE does: `{"id": ..., "anonymised": {"events": 120, ...}}`."""
    return _answer(customer_id, "anonymised", lambda: erasure.anonymise(customer_id, by=actor(request)))


def _answer(customer_id: int, word: str, deed: Callable[[], Erasure]) -> Status[dict[str, Any]]:
    try:
        done = deed()
    except erasure.NobodyThere as nobody:
        raise Problem(404, str(nobody)) from None
    except (erasure.StillWaiting, erasure.UnderWay) as later:
        return Status(202, {"id": customer_id, "waiting_for": str(later)})
    return Status(200, {"id": done.customer_id, word: done.counts})
