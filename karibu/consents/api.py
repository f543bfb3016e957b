"""`DELETE /api/v1/customers/{id}`: erasure. It stands on the customers' router, beside their other calls."""

from typing import Any

from django.http import HttpRequest

from karibu.consents import erasure
from karibu.customers.api import router
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

__all__ = ["router"]


@router.delete("/{int:customer_id}", response=dict[str, Any], summary="Erase a customer from every store, for good")
@allow("owner")
def erase_customer(request: HttpRequest, customer_id: int) -> dict[str, Any]:
    """Answers when it is done: `{"id": ..., "erased": {"events": 120, ...}}`. Old ids lead to the same person."""
    try:
        report = erasure.erase(customer_id, by=actor(request))
    except erasure.NobodyThere as nobody:
        raise Problem(404, str(nobody)) from None
    return {"id": report.customer_id, "erased": report.counts}
