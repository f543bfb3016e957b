"""What is done to segments by the clock."""

from procrastinate.contrib.django import app


@app.task(name="segments.reckon_rfm", queueing_lock="segments.reckon_rfm")
def reckon_rfm(timestamp: int) -> None:
    """Once a day, and again when many more have ordered since (an import)."""
    from django.utils import timezone

    from karibu.segments import rfm

    if rfm.is_due(timezone.now()):
        rfm.reckon()
