"""What is done to journeys by the clock (config/schedule.py)."""

from procrastinate.contrib.django import app


@app.task(name="journeys.choose_winners")
def choose_winners(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.journeys import contests

    contests.choose(timezone.now())
