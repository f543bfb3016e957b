"""`/api/v1/segments`: definitions as JSON, the same that the builder edits; members, sizes, previews."""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import uuid4

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from karibu.customers.api import CustomerOut
from karibu.customers.models import Customer
from karibu.segments import actions, membership, queries, run
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.segments.hints import hints
from karibu.segments.models import Member, Segment
from karibu.segments.words import sentence, sentences
from karibu.web import paging
from karibu.web.access import actor, allow
from karibu.web.problems import Problem

router = Router(tags=["segments"])
T = TypeVar("T")
LONGEST = 3650  # days of history


class DefinitionIn(Schema):
    """`definition`: `{"all": [c, …]}`, `{"any": [c, …]}`, `{"not": c}` to any depth up to 20, or one condition `c`:

    * `{"trait": "country", "op": "is", "value": "RW"}`
    * `{"event": "Product Viewed", "where": [{"property": "category", "op": "is", "value": "Shoes"}],
      "measure": "count", "op": "gte", "value": 3, "within": {"days": 30}}`; measure also `sum:value`,
      `distinct:product`, `first`, `last`
    * `{"sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": true}], "within": {"days": 7}}`
    * `{"message": {"journey": 3, "did": "clicked"}, "within": {"days": 7}}`; received, opened, clicked, bounced
    * `{"consent": {"channel": "email", "topic": "offers", "status": "given"}}` (or `withdrawn`, `never`)
    * `{"rfm": "champions"}`, `{"prediction": "churn", "op": "gte", "value": 0.7}`, `{"segment": 7}`

    Operators: is, is_not, in, not_in, contains, starts_with, exists, missing, gt, gte, lt, lte, between, before, after,
    in_last_days, not_in_last_days, anniversary_in_days. `within`: days, hours, or the days `from` and `to`, included;
    `{"days": 60, "until_days": 30}` is between 30 and 60 days ago (`until_hours` for hours).
    """

    definition: dict[str, Any]


class SegmentIn(DefinitionIn):
    name: str = Field(max_length=200)


class SegmentChange(Schema):
    name: str | None = Field(None, max_length=200)
    definition: dict[str, Any] | None = None


class PreviewOut(Schema):
    """`unknown`: why parts of the definition cannot be judged (they hold for nobody), a sentence each.

    `hints`: what may be a mistake, such as a trait that nobody has, with the nearest name that there is.
    """

    count: int
    took_ms: int
    sentence: str
    digest: str
    unknown: list[str]
    hints: list[str]


class SegmentOut(Schema):
    """`size` is null until the members were found for the first time; `trouble` says why they cannot be kept fresh."""

    id: int
    name: str
    definition: dict[str, Any]
    sentence: str
    size: int | None
    recipe: str
    trouble: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    archived_at: datetime | None


class SegmentsPage(Schema):
    items: list[SegmentOut]
    next: str | None


class MemberOut(CustomerOut):
    since: datetime | None = None  # since when in the segment


class MembersPage(Schema):
    items: list[MemberOut]
    next: str | None


class SizeOut(Schema):
    """`members` at the end of the day (UTC; today: now), and how many came and went on it."""

    day: date
    members: int
    entered: int
    left: int


class MemberThen(Schema):
    """`id` as the customer was numbered then; old numbers answer at `/customers/{id}` for ever."""

    id: int
    since: datetime


class MembersThen(Schema):
    """`known_since`: when the segment was made; of before nobody kept who would have been in it."""

    items: list[MemberThen]
    next: str | None
    known_since: datetime


class HistoryOut(Schema):
    items: list[SizeOut]
    next: None = None


class OverlapOut(Schema):
    """How many are only in this segment, in both, only in the other."""

    one: int
    both: int
    other: int


class ExplainOut(Schema):
    sentence: str
    count: int
    took_ms: int
    engine: str
    plan: str
    sql: str


@router.post("/segments/preview", response=PreviewOut, summary="How many customers a definition finds now")
@allow()
def preview(request: HttpRequest, body: DefinitionIn) -> dict[str, Any]:
    """Nothing is stored. 422 names the path in the definition that cannot be asked."""
    definition = _parsed(body.definition)
    whole, begun = _done(lambda: run.resolve(definition)), time.monotonic()
    count = _asked(lambda: run.count(whole))
    return {
        "count": count,
        "took_ms": round((time.monotonic() - begun) * 1000),
        "sentence": sentence(definition.raw),
        "digest": definition.digest,
        "unknown": whole.unknown,
        "hints": hints(whole),
    }


@router.post("/segments/explain", response=ExplainOut, summary="How the engine finds the customers of a definition")
@allow()
def explain(request: HttpRequest, body: DefinitionIn) -> dict[str, Any]:
    definition = _parsed(body.definition)
    whole = _done(lambda: run.resolve(definition))
    told = _asked(lambda: run.explain(whole))
    said = {"plan": told.plan, "sql": told.sql, "engine": told.engine}
    return {"sentence": sentence(definition.raw), "count": told.size, "took_ms": round(told.took * 1000), **said}


@router.get("/segments", response=SegmentsPage, summary="Segments, newest first")
@allow()
def segments(
    request: HttpRequest, query: str = "", archived: bool = False, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """`query`: part of the name."""
    rows = queries.segments(archived=archived)
    page = paging.page(rows.filter(name__icontains=query) if query else rows, limit, cursor)
    return {"items": _told(page["items"]), "next": page["next"]}


@router.post("/segments", response={200: SegmentOut, 201: SegmentOut}, summary="Make a segment")
@allow("marketer")
def create(request: HttpRequest, body: SegmentIn) -> Any:
    """It is live from now on; its members are there within seconds. Sent once more, nothing is made: 200 shows the
    segment that is there. 409 where another one has the name (in whatever case); `segment` is its number.
    """
    try:
        return Status(201, _segment(_done(lambda: actions.create(body.name, body.definition, by=actor(request)))))
    except actions.NameTaken as taken:
        if taken.other.definition == _parsed(body.definition).raw:
            return Status(200, _segment(taken.other))
        raise _taken(taken) from None


@router.get("/segments/{int:segment_id}", response=SegmentOut)
@allow()
def segment(request: HttpRequest, segment_id: int) -> dict[str, Any]:
    return _segment(get_object_or_404(Segment, pk=segment_id))


@router.patch("/segments/{int:segment_id}", response=SegmentOut)
@allow("marketer")
def change(request: HttpRequest, segment_id: int, body: SegmentChange) -> dict[str, Any]:
    """What is left out stays. A new definition is found anew as a whole. 409 where another one has the name."""
    found = get_object_or_404(Segment, pk=segment_id, archived_at=None)
    by = actor(request)
    try:
        return _segment(_done(lambda: actions.change(found, name=body.name, definition=body.definition, by=by)))
    except actions.NameTaken as taken:
        raise _taken(taken) from None


@router.post("/segments/{int:segment_id}/archive", response=SegmentOut)
@allow("marketer")
def archive(request: HttpRequest, segment_id: int) -> dict[str, Any]:
    return _segment(actions.archive(get_object_or_404(Segment, pk=segment_id), by=actor(request)))


@router.post("/segments/{int:segment_id}/restore", response=SegmentOut)
@allow("marketer")
def restore(request: HttpRequest, segment_id: int) -> dict[str, Any]:
    """Where another one has its name by now, it comes back with a number behind it."""
    return _segment(actions.restore(get_object_or_404(Segment, pk=segment_id), by=actor(request)))


@router.get("/segments/{int:segment_id}/members", response=MembersPage)
@allow()
def members(request: HttpRequest, segment_id: int, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """Who is in it now, the newest customers first, each with since when."""
    found = get_object_or_404(Segment, pk=segment_id)
    limit = max(1, min(limit, paging.MAXIMUM))
    rows = queries.by_id(found.pk, limit + 1, _number(cursor))
    following = paging.encode([rows[limit - 1][0].customer_id]) if len(rows) > limit else None
    return {"items": [_member(*row) for row in rows[:limit] if row[1]], "next": following}


@router.get("/segments/{int:segment_id}/history", response=HistoryOut)
@allow()
def history(request: HttpRequest, segment_id: int, days: int = 90) -> dict[str, Any]:
    """How many members it had at the end of each of the last days (UTC), today last."""
    found = get_object_or_404(Segment, pk=segment_id)
    if not 1 <= days <= LONGEST:
        raise Problem(422, f"From 1 to {LONGEST} days.", field="days")
    return {"items": membership.history(found.pk, days)}


@router.get("/segments/{int:segment_id}/as-of", response=MembersThen, summary="Who was in it at a moment of the past")
@allow()
def as_of(
    request: HttpRequest, segment_id: int, at: datetime, limit: int = 500, cursor: str | None = None
) -> dict[str, Any]:
    """In the order of their numbers; told from the entries and exits in the log. `at` without a zone is UTC."""
    found, limit = get_object_or_404(Segment, pk=segment_id), max(1, min(limit, paging.MAXIMUM))
    after = _number(cursor) or 0
    then = membership.as_of(found.pk, at if at.tzinfo else at.replace(tzinfo=UTC))
    rows = [row for row in then.slice(bisect_right(then["id"].to_pylist(), after), limit + 1).to_pylist()]
    following = paging.encode([rows[limit - 1]["id"]]) if len(rows) > limit else None
    return {"items": rows[:limit], "next": following, "known_since": found.created_at}


@router.get("/segments/{int:segment_id}/overlap", response=OverlapOut)
@allow()
def overlap(request: HttpRequest, segment_id: int, other: int) -> Any:
    """Whom it shares with the segment `other` now."""
    return queries.overlap(get_object_or_404(Segment, pk=segment_id), get_object_or_404(Segment, pk=other))


def _number(cursor: str | None) -> int | None:
    """The customer behind whom a page begins. Raises BadCursor."""
    after = paging.decode(cursor, 1)[0] if cursor else None
    if not isinstance(after, int | None):
        raise paging.BadCursor(cursor)
    return after


def _parsed(definition: dict[str, Any]) -> Definition:
    return _done(lambda: parse(definition))


def _done(deed: Callable[[], T]) -> T:
    try:
        return deed()
    except DefinitionError as error:
        raise Problem(422, error.sentence, field=f"definition{error.path.removeprefix('$')}") from None


def _taken(taken: actions.NameTaken) -> Problem:
    return Problem(409, str(taken), field="name", segment=taken.other.pk)


def _asked(question: Callable[[], T]) -> T:
    """Raises Problem where it takes longer or more memory than one question may."""
    try:
        with run.cancelling(f"api {uuid4()}"):
            return question()
    except run.TooLong:
        raise Problem(503, f"This takes longer than {run.LONGEST:.0f} seconds: ask for less at once.") from None
    except run.TooLarge:
        raise Problem(503, "This takes more memory than there is: ask for less at once.") from None


def _member(member: Member, customer: Customer | None) -> Any:
    customer.since = member.since  # type: ignore[union-attr]
    return customer


def _segment(segment: Segment) -> dict[str, Any]:
    return _told([segment])[0]


def _told(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """The names of the segments that they name are asked for once."""
    plain = [name for name in SegmentOut.model_fields if name not in ("id", "sentence")]
    said = sentences([one.definition for one in segments])
    return [
        {"id": one.pk, "sentence": sentence, **{name: getattr(one, name) for name in plain}}
        for one, sentence in zip(segments, said, strict=True)
    ]
