"""`DELETE /api/v1/customers/{id}`: erasure. It stands on the customers' router, beside their other calls."""

from typing import Any

from django.http import HttpRequest
from ninja import Status

from karibu.consents import erasure
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
    try:
        done = erasure.erase(customer_id, by=actor(request))
    except erasure.NobodyThere as nobody:
        raise Problem(404, str(nobody)) from None
    except (erasure.StillWaiting, erasure.UnderWay) as later:
        return Status(202, {"id": customer_id, "waiting_for": str(later)})
    return Status(200, {"id": done.customer_id, "erased": done.counts})
