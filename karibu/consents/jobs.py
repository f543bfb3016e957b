"""Consents by the clock."""

import logging
from typing import TYPE_CHECKING

from procrastinate.contrib.django import app

if TYPE_CHECKING:
    from karibu.consents.models import Erasure

log = logging.getLogger("karibu.consents")


@app.task(name="consents.finish_erasures", queueing_lock="consents.finish_erasures")
def finish_erasures(timestamp: int) -> None:
    """Erasures that were stopped, died or had to wait go on."""
    from karibu.consents import erasure

    _finish(erasure.unfinished())


@app.task(name="consents.apply_retention", queueing_lock="consents.apply_retention")
def apply_retention(timestamp: int) -> None:
    """What the rules of retention say goes, goes."""
    from django.utils import timezone

    from karibu.consents import retention

    retention.apply(timezone.now())


@app.task(name="consents.erase")
def erase(erasures: list[int]) -> None:
    """What a colleague began for several customers at once. What has to wait goes on by the schedule."""
    from karibu.consents.models import Erasure

    _finish(list(Erasure.objects.filter(pk__in=erasures, done_at=None).order_by("pk")))


def _finish(begun: "list[Erasure]") -> None:
    from karibu.consents import erasure

    for number, why in erasure.finish_several(begun).items():
        if isinstance(why, erasure.StillWaiting | erasure.UnderWay):
            log.warning("erasure %s is not done: %s", number, why)
        else:  # a bug: its words may name the person
            log.error("erasure %s failed: %s; the schedule tries it again", number, type(why).__name__)
