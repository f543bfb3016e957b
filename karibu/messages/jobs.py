"""What is done to messages by the clock."""

from procrastinate.contrib.django import app


@app.task(name="messages.forget_programs")
def forget_programs(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.messages import visits

    visits.forget_programs(timezone.now())


@app.task(name="messages.ask_address", retry=5)
def ask_address(confirmation: int) -> None:
    """Asks a new address whether it is the person's. Karibu's own mail: the gate knows nobody who lives there yet."""
    from django.utils import translation

    from karibu.consents.models import Confirmation
    from karibu.customers.models import Customer
    from karibu.messages.system import ask_address as ask
    from karibu.web.speaking import nearest

    found = Confirmation.objects.filter(pk=confirmation, confirmed_at=None).first()
    customer = Customer.objects.filter(pk=found.customer_id, erased_at=None).first() if found else None
    if found and customer:
        with translation.override(nearest(customer.language)):
            ask(found)


@app.task(name="messages.reckon_recommendations")
def reckon_recommendations(timestamp: int) -> None:
    from karibu.messages import recommend

    recommend.refresh()
