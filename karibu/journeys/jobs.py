"""What is done to journeys by the clock (config/schedule.py), and rehearsals."""

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task


@app.task(name="journeys.choose_winners")
def choose_winners(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.journeys import contests

    contests.choose(timezone.now())


@app.task(name="journeys.forget_stock")
def forget_stock(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.journeys import goods

    goods.forget_stock(timezone.now())


@app.task(name="journeys.rehearse")
def rehearse(rehearsal_id: int) -> None:
    from karibu.journeys.models import Rehearsal
    from karibu.journeys.rehearsal.run import AT_ONCE, run

    rehearsal = Rehearsal.objects.filter(pk=rehearsal_id).first()
    if rehearsal is None:
        return  # its journey, or too many newer ones, took it away
    connection.close()  # its tables are on a connection of its own, and go with it
    try:
        run(rehearsal, at_once=AT_ONCE)
    finally:
        connection.close()


def queue_rehearsal(rehearsal_id: int) -> None:
    """A worker runs it as soon as one is free. In the caller's transaction."""
    manager = JobManager(DjangoConnector())
    with transaction.atomic():
        configure_task(name=rehearse.name, job_manager=manager).defer(rehearsal_id=rehearsal_id)
