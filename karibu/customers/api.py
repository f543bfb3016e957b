"""`/api/v1/customers` and `/api/v1/merges`: the same customers, timeline and merges as in the pages."""

from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.html import strip_tags
from ninja import Field, Router, Schema, Status

from karibu.customers import queries, timeline
from karibu.customers.actions import AddressErased, AddressTaken, create_customer
from karibu.customers.forms import CustomerForm
from karibu.customers.merging import MergeRefused, merge_customers, undo_merge
from karibu.customers.models import Customer, Identity, Merge
from karibu.web import paging
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

router = Router(tags=["customers"])
merges = Router(tags=["customers"])


class CustomerOut(Schema):
    """A customer as known today. `id` is the one in force: an old id answers with the customer it became part of."""

    id: int
    name: str
    email: str
    phone: str
    country: str
    city: str
    language: str
    timezone: str
    traits: dict[str, Any]
    is_anonymous: bool
    orders: int
    spent: Decimal
    last_order_at: datetime | None
    first_source: str
    created_at: datetime
    first_seen: datetime | None = Field(None, alias="activity.first_seen")
    last_seen: datetime | None = Field(None, alias="activity.last_seen")


class IdentityOut(Schema):
    kind: str
    value: str
    source: str
    evidence: str
    first_seen: datetime


class CustomerDetail(CustomerOut):
    ids: list[int]  # this customer's and those that were merged into it
    identities: list[IdentityOut]
    merges: list["MergeOut"]


class MergeOut(Schema):
    id: int
    winner: int
    loser: int
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None = None


class EntryOut(Schema):
    at: datetime
    kind: str
    sentence: str
    evidence: list[dict[str, str]]


class CustomersPage(Schema):
    items: list[CustomerOut]
    next: str | None


class TimelinePage(Schema):
    items: list[EntryOut]
    next: str | None


class CustomerIn(Schema):
    """What is known of a new customer."""

    name: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    city: str = ""
    language: str = ""
    timezone: str = ""


class MergeIn(Schema):
    with_: int = Field(alias="with")


@router.get("", response=CustomersPage, summary="Customers, newest first, or those found by a query")
@allow()
def customers(request: HttpRequest, query: str = "", limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """`query`: name, e-mail, phone, external id, browser id or any old customer id."""
    rows = queries.listed().select_related("activity")
    found = queries.matching(rows, query) if query.strip() else rows
    return paging.page(found, limit, cursor, key=("-id",))


@router.post("", response={201: CustomerDetail}, summary="Add a customer")
@allow()
def create(request: HttpRequest, given: CustomerIn) -> Status[dict[str, Any]]:
    form = CustomerForm(given.dict())
    if not form.is_valid():
        errors = [
            {"field": "" if name == "__all__" else name, "detail": " ".join(map(str, said))}
            for name, said in form.errors.items()
        ]
        raise Problem(422, "; ".join(error["detail"] for error in errors), errors=errors)
    try:
        made = create_customer(form.cleaned_data, by=actor(request))
    except AddressTaken as taken:
        raise Problem(409, str(taken), field=taken.field, customer=taken.customer_id) from None
    except AddressErased as gone:
        raise Problem(422, str(gone), field=gone.field) from None
    return Status(201, _detail(made))


@router.get("/{int:customer_id}", response=CustomerDetail, summary="One customer, by this or any old id")
@allow()
def customer(request: HttpRequest, customer_id: int) -> dict[str, Any]:
    return _detail(_found(customer_id))


@router.get("/{int:customer_id}/timeline", response=TimelinePage, summary="Everything that happened, newest first")
@allow()
def customer_timeline(
    request: HttpRequest, customer_id: int, limit: int = 50, cursor: str | None = None, kind: str = ""
) -> dict[str, Any]:
    found = _found(customer_id)
    before = paging.decode(cursor, 1)[0] if cursor else None
    if before is not None and not isinstance(before, datetime):
        raise paging.BadCursor(cursor)
    size = max(1, min(limit, paging.MAXIMUM))
    entries, older = timeline.page(queries.family(found.pk), before, size, kind)
    return {"items": [_entry(entry) for entry in entries], "next": paging.encode([older]) if older else None}


@router.post("/{int:customer_id}/merge", response=MergeOut, summary="Another customer becomes part of this one")
@allow()
def merge(request: HttpRequest, customer_id: int, given: MergeIn) -> Merge:
    """Answers 409 when the two cannot be merged; 404 when there is no such customer."""
    found = _found(customer_id)
    other = queries.resolve(given.with_)
    if other is None:
        raise Problem(404, f"There is no customer {given.with_}.", field="with")
    try:
        merge_id = merge_customers(found.pk, other, by=actor(request), reason="asked for through the API")
    except MergeRefused as refused:
        raise Problem(409, str(refused), field="with") from None
    return Merge.objects.get(pk=merge_id)


@merges.post("/{int:merge_id}/undo", response=MergeOut, summary="Two customers again, each with what was theirs")
@allow()
def undo(request: HttpRequest, merge_id: int) -> Merge:
    if not Merge.objects.filter(pk=merge_id).exists():
        raise Http404
    try:
        undo_merge(merge_id, by=actor(request))
    except MergeRefused as refused:
        raise Problem(409, str(refused)) from None
    return Merge.objects.get(pk=merge_id)


def _found(customer_id: int) -> Customer:
    """Whom this id is today. Raises Http404 for one that never was or was erased."""
    known = queries.resolve(customer_id)
    found = Customer.objects.select_related("activity").filter(pk=known, erased_at=None).first() if known else None
    if found is None:
        raise Http404
    return found


def _detail(found: Customer) -> dict[str, Any]:
    family = queries.family(found.pk)
    whole = CustomerOut.from_orm(found).model_dump(by_alias=True)  # it is read once more, by the same aliases
    whole["ids"] = family
    whole["identities"] = list(Identity.objects.filter(customer_id=found.pk).order_by("id"))
    whole["merges"] = list(Merge.objects.filter(winner__in=family, loser__in=family, undone_at=None).order_by("-id"))
    return whole


def _entry(entry: timeline.Entry) -> dict[str, Any]:
    evidence = [{"name": name, "value": value} for name, value in entry.evidence]
    return {"at": entry.at, "kind": entry.kind, "sentence": _words(entry.sentence), "evidence": evidence}


def _words(sentence: str) -> str:
    """The sentence without its markup."""
    return unescape(strip_tags(sentence))
