"""What collection does on a schedule (config/schedule.py)."""

from django.utils import timezone
from procrastinate.contrib.django import app

from karibu.collect import dedupe, keeping


@app.task(name="collect.forget_messages")
def forget_messages(timestamp: int) -> None:
    dedupe.forget(timezone.now())


@app.task(name="collect.let_go_of_rejected")
def let_go_of_rejected(timestamp: int) -> None:
    keeping.let_go(timezone.now())
