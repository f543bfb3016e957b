"""May this person enter (again)? The whole matrix in one function."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from karibu.journeys.definition import AfterDays, Reentry

ACTIVE = "active"
MOST_A_DAY, DAY = 100, timedelta(days=1)  # runs of one person in one journey


class Run(msgspec.Struct, frozen=True):
    """An earlier or present run of the same person (or of the same cart) in the same journey."""

    key: str
    run: int
    status: str
    entered_at: datetime


def next_run(reentry: Reentry, runs: Sequence[Run], key: str, at: datetime) -> tuple[int, str]:
    """The number of the run that may begin now, or 0; and why not, as a word of the closed set below.

    "inside": already in it under this key. "once": was in it, and it is for once. "key": this key was in it.
    "too soon": the days have not passed. "too often": a journey that goes round in a circle by ways that nobody saw
    (a trait that it writes moves a segment that brings people in) stops there. "": may enter.
    """
    same = [run for run in runs if run.key == key]
    if any(run.status == ACTIVE for run in same):
        return 0, "inside"
    if reentry == "never" and runs:
        return 0, "once"
    if reentry == "per_key" and same:
        return 0, "key"
    if isinstance(reentry, AfterDays) and runs and at < _last(runs) + timedelta(days=reentry.after_days):
        return 0, "too soon"
    if len(runs) >= MOST_A_DAY and sum(run.entered_at > at - DAY for run in runs) >= MOST_A_DAY:
        return 0, "too often"
    return max((run.run for run in same), default=0) + 1, ""


def _last(runs: Sequence[Run]) -> datetime:
    return max(run.entered_at for run in runs)
