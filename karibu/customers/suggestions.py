"""Pairs of customers who may be one person, for a colleague to decide."""

from dataclasses import dataclass

from karibu.customers.models import Customer, Suggestion

PER_PAGE = 20


@dataclass(frozen=True)
class SuggestedPair:
    suggestion: Suggestion
    one: Customer
    other: Customer


def open_pairs(before: int | None = None, limit: int = PER_PAGE) -> tuple[list[SuggestedPair], int | None]:
    """The newest open suggestions (older than the id `before`) of two who still are two; and the next `before`.

    Pairs that were merged or erased some other way since are passed over.
    """
    rows = Suggestion.objects.filter(status=Suggestion.Status.OPEN).order_by("-id")
    found = list(rows.filter(id__lt=before)[: limit + 1] if before else rows[: limit + 1])
    shown = found[:limit]
    ids = {customer_id for row in shown for customer_id in (row.one, row.other)}
    people = Customer.objects.select_related("activity").in_bulk(ids)
    pairs = [
        SuggestedPair(row, people[row.one], people[row.other])
        for row in shown
        if _is_somebody(people.get(row.one)) and _is_somebody(people.get(row.other))
    ]
    return pairs, shown[-1].pk if len(found) > limit else None


def _is_somebody(customer: Customer | None) -> bool:
    return customer is not None and customer.merged_into is None and customer.erased_at is None
