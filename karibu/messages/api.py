"""`/api/v1/messages`: what became of each message, and sending one transactional message."""

from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Header, Router, Schema

from karibu.customers import queries
from karibu.messages import reach
from karibu.messages.actions import Intent, intend
from karibu.messages.channels import KINDS
from karibu.messages.models import Message, Template
from karibu.messages.queries import Step, waterfall
from karibu.messages.status import Status, explain
from karibu.web import paging
from karibu.web.access import allow
from karibu.web.problems import Problem

router = Router(tags=["messages"])


class MessageOut(Schema):
    """`reason` is of a closed set; `explanation` says it in a sentence. `history` is oldest first. Of several messages
    that wait for one person, that of the highest `priority` leaves first."""

    id: int
    key: str
    customer: int = Field(alias="customer_id")
    channel: str
    template: str = Field(alias="template.key")
    topic: str
    is_marketing: bool
    priority: int
    sender: str
    step: str
    status: str
    reason: str
    explanation: str
    detail: str
    address: str
    subject: str
    history: list[dict[str, Any]]
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None

    @staticmethod
    def resolve_explanation(message: Message) -> str:
        return explain(message.reason)


class MessagesPage(Schema):
    items: list[MessageOut]
    next: str | None


class NewMessage(Schema):
    """`context` is what the template sees under its own names ({"order_id": ..., "cart_id": ...})."""

    customer: int
    template: str
    context: dict[str, Any] = {}
    due_at: datetime | None = None
    expires_at: datetime | None = None


@router.get("/messages", response=MessagesPage, summary="Messages, newest first, each with the reason of its status")
@allow()
def messages(
    request: HttpRequest,
    customer: int | None = None,
    campaign: int | None = None,
    journey: int | None = None,
    status: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    rows = Message.objects.select_related("template")
    if customer is not None:
        rows = rows.filter(customer_id__in=queries.family(queries.resolve(customer) or customer))
    for kind, number in (("campaign", campaign), ("journey", journey)):
        rows = rows.filter(sender=f"{kind}:{number}") if number is not None else rows
    if status and status not in Status.values:
        raise Problem(422, f"status must be one of: {', '.join(Status.values)}.", field="status")
    rows = rows.filter(status=status) if status else rows
    return paging.page(rows, limit, cursor)


class AnswerOut(Schema):
    """`outcome`: passed, waits (it would leave at `until`) or stopped, with a reason of the closed set;
    `not needed`: the check has nothing to ask of such a message."""

    check: str
    words: str
    outcome: str
    reason: str
    explanation: str
    detail: str
    until: datetime | None


class ReachOut(Schema):
    outcome: str
    checks: list[AnswerOut]


class StepOut(Schema):
    """`kind`: audience, loss, waiting or reached; `left` is how many are still on their way behind this step."""

    key: str
    words: str
    count: int
    kind: str
    left: int


@router.get("/customers/{customer}/reach", response=ReachOut, summary="Would a message reach this customer now?")
@allow()
def would_reach(
    request: HttpRequest, customer: int, channel: str = "email", topic: str = "offers", is_marketing: bool = True
) -> dict[str, Any]:
    """Every check of the gate, asked of a message that is only thought of. Nothing is sent or written."""
    person = queries.resolve(customer)
    if person is None:
        raise Problem(404, f"There is no customer {customer}.")
    if channel not in KINDS:
        raise Problem(422, f"channel must be one of: {', '.join(KINDS)}.", field="channel")
    answers = reach.check(person, channel, topic, is_marketing=is_marketing)
    return {"outcome": reach.outcome(answers), "checks": answers}


@router.get("/messages/waterfall", response=list[StepOut], summary="What became of everything one sender wanted sent")
@allow()
def message_waterfall(request: HttpRequest, sender: str) -> list[Step]:
    """`sender` is `campaign:7`, `journey:3` or `api`."""
    return waterfall(sender)


@router.post("/messages", response={202: MessageOut}, summary="Send one transactional message")
@allow("marketer")
def send_message(
    request: HttpRequest,
    body: NewMessage,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key")] = "",
) -> tuple[int, Message]:
    """The same Idempotency-Key is the same message: asking again answers with it and sends nothing twice."""
    if not 0 < len(idempotency_key) <= 200:
        raise Problem(422, "Send a header Idempotency-Key of 1 to 200 characters.", field="Idempotency-Key")
    customer = queries.listed().filter(pk=queries.resolve(body.customer) or 0).values_list("pk", flat=True).first()
    if customer is None:
        raise Problem(422, f"There is no customer {body.customer}.", field="customer")
    intent = Intent(
        key=f"api:{idempotency_key}",
        customer_id=customer,
        template_key=_transactional(body.template),
        context=body.context,
        sender="api",
        due_at=body.due_at,
        expires_at=body.expires_at,
    )
    with transaction.atomic():
        [number] = intend([intent])
    return 202, Message.objects.select_related("template").get(pk=number)


def _transactional(key: str) -> str:
    """Marketing goes out through journeys and campaigns, where it is measured and can be stopped."""
    template = Template.objects.filter(key=key).first()
    if template is None:
        raise Problem(422, f"There is no template {key!r}.", field="template")
    if template.is_marketing:
        raise Problem(422, "This template is marketing: send it with a journey or a campaign.", field="template")
    return template.key
