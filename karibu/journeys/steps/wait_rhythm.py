"""Wait for the person's next order for as long as they usually take between two: two ways, as wait_for.py.

The rhythm is the median time between their orders, those of one day taken together, as it is when they come here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec
from django.db import connection
from django.utils.translation import gettext as _

from karibu.journeys.events import EventRule
from karibu.journeys.steps.wait import Wait, spoken
from karibu.journeys.steps.wait_for import WaitFor
from karibu.segments.faults import DefinitionError

LONGEST = timedelta(days=730)
_RHYTHM = """
    WITH asked AS (
        SELECT * FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS n(customer, arrived, place)),
    gaps AS (
        SELECT n.place, o.placed_at - lag(o.placed_at) OVER (PARTITION BY n.place ORDER BY o.placed_at) AS gap
        FROM asked n JOIN shop_order o ON o.customer_id = n.customer AND o.placed_at <= n.arrived
        WHERE o.status = 'placed')
    SELECT place, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) FROM gaps WHERE gap >= interval '1 day' GROUP BY 1"""


class WaitRhythm(WaitFor, forbid_unknown_fields=True):
    """`percent` of the usual time, so that a reminder comes before it is too late; `within` is for whoever has ordered
    once only."""

    KIND: ClassVar[str] = "wait_rhythm"

    happens: EventRule = msgspec.field(default_factory=lambda: EventRule(event="Order Completed"))
    within: Wait = msgspec.field(default_factory=lambda: Wait(days=60))
    percent: int = 90

    def check(self, path: str) -> None:
        super().check(path)
        if not 10 <= self.percent <= 300:
            raise DefinitionError(f"{path}.percent", _("From 10 to 300 percent."))

    def sentence(self) -> str:
        words = {"does": self.happens.sentence(), "n": self.percent, "time": spoken(self.within)}
        return (
            _("wait until the person %(does)s, at most %(n)s %% of their usual time (%(time)s for who has none)")
            % words
        )

    def dues(self, customer_ids: Sequence[int], arrived: Sequence[datetime]) -> Sequence[datetime]:
        with connection.cursor() as cursor:
            cursor.execute(_RHYTHM, [list(customer_ids), list(arrived)])
            usual: dict[int, timedelta] = dict(cursor.fetchall())
        return [
            moment + min(usual[place] * self.percent / 100, LONGEST) if place in usual else self.due(moment)
            for place, moment in enumerate(arrived, 1)
        ]
