"""What is done to the event log by the clock."""

import logging

from procrastinate.contrib.django import app

log = logging.getLogger("karibu.events")


@app.task(name="events.compact", queueing_lock="events.compact")
def compact(timestamp: int) -> None:
    """Merges, clusters and tidies up the lake's files where that is due."""
    from karibu.events import compact, flush, lake

    try:
        done = compact.compact()
    except lake.TROUBLES as error:
        flush.report_trouble(error)
        return
    if done["replaced"]:
        log.info("The event log merged %(replaced)s files into %(written)s.", done)
