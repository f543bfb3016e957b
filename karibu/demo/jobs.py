"""What the sample shop leaves to the worker."""

from procrastinate.contrib.django import app


@app.task(name="demo.bring_history", queueing_lock="demo.bring_history")
def bring_history() -> None:
    from karibu.demo import actions

    actions.bring_history()
