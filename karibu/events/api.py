"""`/api/v1/events`: the log, newest first."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from karibu.events import log
from karibu.web import access, paging

router = Router(tags=["events"])
KEY = ("-time", "-message_id")


@router.get("/events")
@access.allow()
def events(
    request: HttpRequest,
    customer: int | None = None,
    name: str = "",
    source: str = "",
    from_: Annotated[datetime | None, Query(alias="from")] = None,
    to: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Events that fit, newest first, in from ≤ time < to."""
    wanted = log.Wanted(
        customers=None if customer is None else [customer],
        names=[name] if name else None,
        sources=[source] if source else None,
        since=_aware(from_),
        before=_aware(to),
    )
    limit = max(1, min(limit, paging.MAXIMUM))
    after = paging.decode(cursor, len(KEY)) if cursor else None
    if after and not (isinstance(after[0], datetime) and after[0].tzinfo and isinstance(after[1], str)):
        raise paging.BadCursor(cursor)
    found = log.page(wanted, limit + 1, (after[0], after[1]) if after else None)
    more, found = len(found) > limit, found[:limit]
    following = paging.encode([found[-1].time, found[-1].message_id]) if more else None
    return {"items": [_shown(event) for event in found], "next": following}


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _shown(event: log.LoggedEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
