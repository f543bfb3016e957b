"""What collection does on a schedule (config/schedule.py)."""

from django.utils import timezone
from procrastinate.contrib.django import app

from karibu.collect import dedupe


@app.task(name="collect.forget_messages")
def forget_messages(timestamp: int) -> None:
    dedupe.forget(timezone.now())
