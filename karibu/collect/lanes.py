"""Lanes keep one person's events in order while several workers drain the inbox."""

import zlib

LANES = 8


def lane_of(user_id: str, anonymous_id: str) -> int:
    """The lane of a person: the same in every process and for ever (rows of older versions wait in the inbox).

    By the browser where there is one: what somebody did before signing in and what they did after stays in order, and
    two workers do not find out at the same moment whose browser it is.
    """
    return zlib.crc32((anonymous_id or user_id).encode()) % LANES
