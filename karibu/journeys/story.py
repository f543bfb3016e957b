"""A journey's behaviour told as a list of steps on a test clock: events, waiting, what is expected then.

    story(
        sends("Product Added", cart_id="c-1", by="amina"),
        waits(minutes=61),
        expects_messages(1, to="amina"),
    )

The clock begins at `now` and moves only when a step says so; people are known by name. It needs a database that may
be thrown away (a test's).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection, transaction

from karibu.customers.models import Customer
from karibu.events.batch import Batch, Stage
from karibu.events.event import Event, as_json
from karibu.journeys import engine
from karibu.journeys.events import PROMOTED
from karibu.journeys.models import Enrollment
from karibu.journeys.react import react
from karibu.messages.models import Message


@dataclass
class Story:
    """Where a story stands. `stages` are what its events go through."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    stages: Sequence[Stage] = (react,)
    people: dict[str, int] = field(default_factory=dict)

    def person(self, name: str) -> int:
        """The customer of that name, made when first spoken of."""
        if name not in self.people:
            made = Customer.objects.create(name=name.title(), created_at=self.now, is_anonymous=False)
            self.people[name] = made.pk
        return self.people[name]

    def take(self, events: Sequence[Event]) -> None:
        """Runs the stages over one batch, as the pipeline does."""
        connection.ensure_connection()
        with transaction.atomic(), psycopg.Cursor(connection.connection) as cursor:
            batch = Batch(events=list(events), now=self.now, cursor=cursor)
            for stage in self.stages:
                stage(batch)

    def advance(self) -> None:
        """Lets the engine work until nobody is due any more."""
        while engine.advance(self.now) == 0:
            pass


Step = Callable[[Story], None]


def story(*steps: Step, told: Story | None = None) -> Story:
    """Tells the steps in order and returns the story, which another call can go on with."""
    told = told or Story()
    for step in steps:
        step(told)
        told.advance()
    return told


def event(told: Story, name: str, by: str, ago: timedelta, historical: bool, **carries: Any) -> Event:
    """An event as the pipeline sees it; what is no promoted field becomes a property."""
    promoted = {key: value for key, value in carries.items() if key in PROMOTED}
    properties = {key: value for key, value in carries.items() if key not in PROMOTED}
    return Event(
        message_id=uuid4().hex,
        type="track",
        name=name,
        time=told.now - ago,
        received_at=told.now,
        source_id=1,
        customer_id=told.person(by),
        historical=historical,
        properties_json=as_json(properties),
        **promoted,
    )


def sends(
    name: str, *, by: str = "amina", ago: timedelta = timedelta(0), historical: bool = False, **carries: Any
) -> Step:
    """Somebody's event arrives now; it happened `ago`."""
    return lambda told: told.take([event(told, name, by, ago, historical, **carries)])


def sends_together(*several: tuple[str, dict[str, Any]], by: str = "amina") -> Step:
    """Several events in one batch."""
    return lambda told: told.take([event(told, name, by, timedelta(0), False, **carries) for name, carries in several])


def waits(**length: float) -> Step:
    """The clock moves on (arguments of timedelta)."""

    def step(told: Story) -> None:
        told.now += timedelta(**length)

    return step


def does(deed: Callable[[], object]) -> Step:
    """Something a colleague does: pause, publish, merge."""

    def step(_told: Story) -> None:
        deed()

    return step


def expects_messages(count: int, *, to: str = "amina", **context: str) -> Step:
    """Exactly so many messages are meant for this person (with this in their context)."""

    def step(told: Story) -> None:
        found = Message.objects.filter(customer_id=told.person(to), context__contains=context)
        assert found.count() == count, f"{found.count()} messages to {to} {context or ''}, expected {count}"

    return step


def expects(status: str, count: int = 1, *, of: str = "amina", **fields: Any) -> Step:
    """Exactly so many enrollments of this person have the status (and these fields)."""

    def step(told: Story) -> None:
        found = Enrollment.objects.filter(customer_id=told.person(of), status=status, **fields)
        assert found.count() == count, f"{found.count()} enrollments of {of} are {status}, expected {count}"

    return step
