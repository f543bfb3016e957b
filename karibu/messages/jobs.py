"""What is done to messages by the clock."""

from procrastinate.contrib.django import app


@app.task(name="messages.forget_programs")
def forget_programs(timestamp: int) -> None:
    from django.utils import timezone

    from karibu.messages import visits

    visits.forget_programs(timezone.now())


@app.task(name="messages.reckon_recommendations")
def reckon_recommendations(timestamp: int) -> None:
    from karibu.messages import recommend

    recommend.refresh()
