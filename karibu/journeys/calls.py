"""The worker's loop "calls": journeys ask programs of the shop's own (steps/webhook.py).

A call is a row that goes when it is over; what came of it stands in the run's context, and makes the run due. It is
made at least once, under the same id each time. Only public addresses are gone to (messages/channels/guard.py).
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from karibu.customers.models import Customer
from karibu.events.wake import wake
from karibu.journeys.models import Call, Enrollment
from karibu.journeys.steps.base import CALLED, Group, Traveller
from karibu.journeys.steps.webhook import ANSWERED, Webhook
from karibu.messages.channels import guard
from karibu.messages.channels.http import Answer, InDoubt, NotReached
from karibu.messages.channels.webhook import compose

log = logging.getLogger("karibu.journeys")
PAUSES = [timedelta(seconds=5), timedelta(seconds=60), timedelta(seconds=300)]
LEASE = timedelta(minutes=3)
AT_ONCE, WIDTH, IDLE = 64, 16, 60.0
MOST, LONGEST = 50, 1000  # values of a reply that are kept, and letters of each

_CLAIM = """
    WITH taken AS MATERIALIZED (
        SELECT id FROM journeys_call WHERE due_at <= %s ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED)
    UPDATE journeys_call c SET due_at = %s, attempts = attempts + 1 FROM taken WHERE c.id = taken.id
    RETURNING c.id"""
_TELL = """
    UPDATE journeys_enrollment e SET context = e.context || n.context, due_at = %s
    FROM unnest(%s::bigint[], %s::int[], %s::jsonb[]) AS n(id, step, context)
    WHERE e.id = n.id AND e.step = n.step AND e.status = 'active'"""


@dataclass(frozen=True)
class Result:
    """What came of one try: `failed` says why; it is final, or worth another try."""

    failed: str = ""
    is_final: bool = True
    reply: Mapping[str, Any] | None = None


def place(step: Webhook, group: Group, travellers: Sequence[Traveller]) -> None:
    """Writes down that these are to be asked about, in the engine's transaction."""
    if not travellers:
        return
    people = Customer.objects.in_bulk([t.customer_id for t in travellers]) if step.with_person else {}
    rows = [
        Call(
            enrollment_id=traveller.id,
            journey_id=group.journey_id,
            step=group.step,
            url=step.url,
            body=_body(group, traveller, people.get(traveller.customer_id)),
            due_at=group.now,
        )
        for traveller in travellers
    ]
    Call.objects.bulk_create(rows, ignore_conflicts=True)
    wake("calls")


def forget(enrollments: Collection[int]) -> None:
    """It is too late for an answer."""
    if enrollments:
        Call.objects.filter(enrollment_id__in=enrollments).delete()


def _body(group: Group, traveller: Traveller, person: Customer | None) -> str:
    told: dict[str, Any] = {"id": traveller.customer_id}
    if person and person.erased_at is None:
        told |= {name: getattr(person, name) for name in ("name", "email", "phone", "language", "country")}
    context = {key: value for key, value in traveller.context.items() if not key.startswith("_")}
    about = {"journey": group.journey_id, "enrollment": traveller.id, "customer": told, "context": context}
    return msgspec.json.encode({"type": "Journey Step", "timestamp": group.now, "data": about}).decode()


def secret(journey_id: int) -> str:
    """What calls of this journey are signed with, as webhooks are (channels/webhook/compose.py)."""
    made = hmac.new(settings.SECRET_KEY.encode(), f"journey calls {journey_id}".encode(), hashlib.sha256).digest()
    return compose.PREFIX + base64.b64encode(made[:24]).decode()


def step() -> float:
    """Returns 0 while there is more to do now."""
    return ask(timezone.now())


def ask(now: datetime) -> float:
    """Tries some of the calls that are due, side by side; returns the seconds until the next is."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now, AT_ONCE, now + LEASE])
        ids = [row[0] for row in cursor.fetchall()]
    taken = list(Call.objects.filter(pk__in=ids, enrollment__status=Enrollment.Status.ACTIVE).order_by("pk"))
    gone = sorted(set(ids) - {call.pk for call in taken})
    results = list(_threads().map(_try, taken))
    with transaction.atomic():
        Call.objects.filter(pk__in=gone).delete()  # whoever it was about has left
        _settle(list(zip(taken, results, strict=True)), now)
    if ids:
        return 0
    nearest = Call.objects.order_by("due_at").values_list("due_at", flat=True).first()
    return min(IDLE, max((nearest - now).total_seconds(), 0.05)) if nearest else IDLE


def _try(call: Call) -> Result:
    """One POST, in a thread that has no database."""
    body = call.body.encode()
    try:
        number = f"call_{call.enrollment_id}_{call.step}"
        headers = compose.headers(secret(call.journey_id), number, timezone.now(), body)
        return judged(guard.post(call.url, body, headers))
    except guard.Forbidden as error:
        return Result(str(error))
    except (NotReached, InDoubt) as error:
        return Result(str(error), is_final=False)
    except Exception as error:  # a bug on the way of one call holds up no other
        log.exception("call %s failed", call.pk)
        return Result(type(error).__name__)


def judged(answer: Answer) -> Result:
    if answer.is_good:
        return Result(reply=kept(answer.json))
    return Result(f"it answered {answer.status}", is_final=answer.status not in (408, 429) and answer.status < 500)


def kept(reply: Mapping[str, Any]) -> dict[str, Any]:
    """What a run remembers of an answer: plain values, few and short; anything else is left out."""
    found: dict[str, Any] = {}
    for name, value in reply.items():
        if isinstance(value, str):
            found[name[:100]] = value.replace("\0", "")[:LONGEST]
        elif isinstance(value, bool | int | float) and abs(value) < 1e15:
            found[name[:100]] = value
        if len(found) == MOST:
            break
    return found


def _settle(came: Sequence[tuple[Call, Result]], now: datetime) -> None:
    again = [call for call, one in came if one.failed and not one.is_final and call.attempts <= len(PAUSES)]
    for call in again:
        call.due_at = now + PAUSES[call.attempts - 1]
    over = [(call, one) for call, one in came if call not in again]
    if over:
        contexts = [Jsonb(_told(one)) for _call, one in over]
        with connection.cursor() as cursor:
            known: list[Any] = [[call.enrollment_id for call, _ in over], [call.step for call, _ in over], contexts]
            cursor.execute(_TELL, [now, *known])
        Call.objects.filter(pk__in=[call.pk for call, _one in over]).delete()
        wake("journeys")
    Call.objects.bulk_update(again, ["due_at"])


def _told(one: Result) -> dict[str, Any]:
    return {CALLED: one.failed} if one.failed else {CALLED: ANSWERED, "reply": dict(one.reply or {})}


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WIDTH, thread_name_prefix="calls")
