"""Consents by the clock."""

import logging

from procrastinate.contrib.django import app

log = logging.getLogger("karibu.consents")


@app.task(name="consents.finish_erasures", queueing_lock="consents.finish_erasures")
def finish_erasures(timestamp: int) -> None:
    """Erasures that were stopped, died or had to wait go on."""
    from karibu.consents import erasure

    for begun in erasure.unfinished():
        try:
            erasure.finish(begun)
        except (erasure.StillWaiting, erasure.UnderWay) as later:
            log.warning("the erasure of customer %s is not done: %s", begun.customer_id, later)
