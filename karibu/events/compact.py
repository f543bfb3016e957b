"""Keeping the lake quick to read: few files, closed months clustered by customer, nothing that lies about unused.

The newest month stays in time order (what is asked of it is "what happened lately"); its many small files
become few. A month that has ended is sorted by customer, so that one person's history is a few kilobytes
of one file. Late events are added to closed months as small files, until there are enough to sort them in.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby

from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from karibu.events import flush, lake, rewrite
from karibu.events.models import Lake

MANY = 8  # small files before they are merged
SMALL = 200_000  # rows of a file that still counts as small
PLENTY = 24  # small files of a month that are merged before the clock says so: each is opened by whoever reads
SHARE = 0.1  # of a closed month's rows that came late, before it is sorted anew
SETTLED = timedelta(days=1)  # after its end, before a month is closed
GRACE = 3600.0  # seconds that a file which is no longer part of the table stays for those who still read it


def compact() -> dict[str, int]:
    """Does what is due, one group of files after the other; returns how many were replaced, written and deleted.

    Runs beside flushes and readers. Does nothing while another compaction or an erasure runs.
    """
    done = {"replaced": 0, "written": 0, "deleted": 0}
    with lake.lock(lake.REWRITE, wait=False) as held:
        if not held or not lake.exists():
            return done
        for old, kind in due(lake.files(lake.opened()), timezone.now()):
            new = rewrite.rewritten(old, kind)
            rewrite.replace(old, new)
            done["replaced"] += len(old)
            done["written"] += len(new)
        done["deleted"] = tidy_up(GRACE)
        Lake.objects.update(compacted_at=timezone.now())
    return done


def most_small(files: Sequence[lake.DataFile]) -> int:
    """How many small files the month has that has most of them."""
    small = Counter(file.month for file in files if not file.is_clustered and file.rows < SMALL)
    return max(small.values(), default=0)


def ask(files: Sequence[lake.DataFile]) -> bool:
    """Asks a worker to compact where there are PLENTY; says whether it is asked, now or already."""
    from karibu.events import jobs

    if most_small(files) < PLENTY:
        return False
    with suppress(AlreadyEnqueued):
        jobs.compact.defer(timestamp=int(timezone.now().timestamp()))
    return True


def tidy_up(grace: float) -> int:
    """Deletes files that the table no longer has since `grace` seconds. REWRITE must be held."""
    with lake.lock(lake.WRITE):
        flush.finish_interrupted()
        return lake.vacuum(lake.opened(), grace=grace) if lake.exists() else 0


def due(files: Sequence[lake.DataFile], now: datetime) -> Iterator[tuple[list[lake.DataFile], str]]:
    """Which files, each time of one month, are to be rewritten as what kind."""
    open_month = lake.month_of(now - SETTLED)
    for month, found in groupby(sorted(files, key=lambda file: file.month), key=lambda file: file.month):
        of_month = list(found)
        loose = [file for file in of_month if not file.is_clustered]
        small = [file for file in loose if file.rows < SMALL]
        if month < open_month and sum(f.rows for f in loose) > SHARE * sum(f.rows for f in of_month):
            yield of_month, rewrite.BY_CUSTOMER
        elif len(small) >= MANY:
            yield small, rewrite.BY_TIME
