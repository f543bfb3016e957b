"""The reminders that the sample shop's journey sent in the past: enrollments, messages and visits, as they would be."""

from collections.abc import Sequence
from datetime import timedelta

from karibu.demo.history import QUIET, Reminder
from karibu.demo.journey import publish_abandoned_cart
from karibu.journeys.models import Enrollment, Journey, Passage
from karibu.messages.models import Message, Template, Visit

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
SUBJECT = "You left something in your cart"


def send_in_the_past(reminders: Sequence[Reminder], ids: dict[str, int]) -> None:
    """Writes what the journey and the send loop would have written; `ids` are the customers by the shop's own id."""
    journey = publish_abandoned_cart()
    template = Template.objects.get(key="cart-reminder")
    enrollments = Enrollment.objects.bulk_create(_enrollment(one, journey, ids[one.person]) for one in reminders)
    messages = Message.objects.bulk_create(
        _message(one, enrollment, template) for one, enrollment in zip(reminders, enrollments, strict=True)
    )
    Passage.objects.bulk_create(
        passage
        for enrollment, message in zip(enrollments, messages, strict=True)
        for passage in _passages(enrollment, message)
    )
    Visit.objects.bulk_create(
        visit for one, message in zip(reminders, messages, strict=True) for visit in _visits(one, message)
    )


def _enrollment(one: Reminder, journey: Journey, customer: int) -> Enrollment:
    return Enrollment(
        journey=journey,
        version=journey.version,
        customer_id=customer,
        key=one.cart,
        slot=one.cart,
        status=Enrollment.Status.FINISHED,
        step=2,
        arrived_at=one.sent_at,
        context={"cart_id": one.cart},
        entered_at=one.left_at,
        ended_at=one.sent_at,
    )


def _message(one: Reminder, enrollment: Enrollment, template: Template) -> Message:
    return Message(
        key=f"journey:{enrollment.journey_id}:enrollment:{enrollment.pk}:run:1:step:1",
        customer_id=enrollment.customer_id,
        template=template,
        topic=template.topic,
        is_marketing=template.is_marketing,
        context=enrollment.context,
        sender=f"journey:{enrollment.journey_id}",
        step="1",
        enrollment_id=enrollment.pk,
        status="sent",
        address=one.address,
        subject=SUBJECT,
        history=[{"at": one.sent_at.isoformat(), "status": "sent", "reason": "", "detail": ""}],
        due_at=one.sent_at,
        claimed_at=one.sent_at,
        attempts=1,
        created_at=one.sent_at,
        sent_at=one.sent_at + timedelta(seconds=1),
        opened_at=one.opened_at,
        clicked_at=one.clicked_at,
    )


def _passages(enrollment: Enrollment, message: Message) -> list[Passage]:
    steps = [("wait", f"{QUIET.seconds // 3600} h"), ("send", f"message {message.pk}")]
    return [
        Passage(
            enrollment=enrollment,
            journey_id=enrollment.journey_id,
            version=enrollment.version,
            step=step,
            kind=kind,
            outcome=outcome,
            at=message.created_at,
        )
        for step, (kind, outcome) in enumerate(steps)
    ]


def _visits(one: Reminder, message: Message) -> list[Visit]:
    kinds = (("opened", one.opened_at), ("clicked", one.clicked_at))
    return [Visit(message=message, kind=kind, user_agent=BROWSER, at=at, judged_at=at) for kind, at in kinds if at]
