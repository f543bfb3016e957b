"""Room on the disk: before it is full, new events are told to come back, so that what is inside can be worked off.

PostgreSQL stops altogether when its write-ahead log finds no room; the reserve keeps it from getting there.
"""

import logging
import shutil
import time
from pathlib import Path

log = logging.getLogger("karibu.collect")

RESERVE = 64 * 1024 * 1024  # bytes
LOOK_EVERY = 0.5  # seconds


class Room:
    """Watches the disk that holds `folder`; None (the database is on another machine) always has room."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.looked_at = float("-inf")
        self.enough = True

    def is_enough(self) -> bool:
        """Whether events may come in. A change is said once."""
        now = time.monotonic()
        if self.folder is not None and now - self.looked_at > LOOK_EVERY:
            self.looked_at = now
            self._look(self.folder)
        return self.enough

    def _look(self, folder: Path) -> None:
        free = shutil.disk_usage(folder).free
        before, self.enough = self.enough, free > RESERVE
        if before and not self.enough:
            log.error(
                "The disk of %s is nearly full (%d MB free): senders are told to come back later. Make room on it.",
                folder,
                free // 2**20,
            )
        elif self.enough and not before:
            log.warning("The disk of %s has room again: events are taken.", folder)
