"""What is done to segments by the clock."""

from procrastinate.contrib.django import app


@app.task(name="segments.reckon_rfm", queueing_lock="segments.reckon_rfm")
def reckon_rfm(timestamp: int) -> None:
    """Once a day, and again when many more have ordered since (an import). Looked at each minute while the buyers are
    few, so that a young shop sees its grid at once, else each quarter of an hour."""
    from django.utils import timezone

    from karibu.segments import rfm

    is_quarter = timestamp // 60 % 15 == 0
    if (is_quarter or rfm.is_small()) and rfm.is_due(timezone.now()):
        rfm.reckon()
