"""What the sample shop leaves to the worker."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app


@app.task(name="demo.bring_history", queueing_lock="demo.bring_history", retry=RetryStrategy(max_attempts=5, wait=5))
def bring_history() -> None:
    from karibu.demo import actions

    actions.bring_history()
