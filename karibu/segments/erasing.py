"""What an erasure takes out of this app: its tables, and the files of the mirror."""

from karibu.consents.person import Person
from karibu.customers.raw import Cursor
from karibu.segments.models import Rfm

# Whoever moves members holds their segment first (membership.py): the other way round two would wait for each other.
_HOLD = """
    SELECT id FROM segments_segment WHERE id IN (SELECT segment_id FROM segments_member WHERE customer_id = ANY(%s))
    ORDER BY id FOR NO KEY UPDATE"""
# Nobody is told that they left: the log shall not name them again.
_LEAVE = """
    WITH gone AS (
        DELETE FROM segments_member WHERE customer_id = ANY(%s) AND segment_id = ANY(%s) RETURNING segment_id),
    counted AS (SELECT segment_id, count(*) AS people FROM gone GROUP BY 1 ORDER BY 1),
    smaller AS (UPDATE segments_segment SET size = size - people FROM counted WHERE id = segment_id RETURNING id, size)
    INSERT INTO segments_size (segment_id, day, members, entered, "left")
    SELECT id, (now() AT TIME ZONE 'UTC')::date, size, 0, 0 FROM smaller
    ON CONFLICT (segment_id, day) DO UPDATE SET members = excluded.members"""
# What a turn of the live segments has taken is not waited for: it goes with the turn, and we look twice.
_UNNAME = """
    UPDATE segments_touched SET event = '' WHERE id IN (
        SELECT id FROM segments_touched WHERE event ~* %s FOR UPDATE SKIP LOCKED)"""
_FORGET = """
    DELETE FROM segments_due WHERE (at, customer_id) IN (
        SELECT at, customer_id FROM segments_due WHERE customer_id = ANY(%s) FOR UPDATE SKIP LOCKED)"""


def from_segments(person: Person, cursor: Cursor) -> dict[str, int]:
    """The person is in no segment any more, and nothing is reckoned of them."""
    left = _leave(person.family, cursor)
    if pattern := person.traces.anything:  # what somebody did may be called after them; "": look at everything
        cursor.execute(_UNNAME, [pattern])
    Rfm.objects.filter(customer_id__in=person.family).delete()
    cursor.execute(_FORGET, [person.family])
    return {"segments": left}


def _leave(family: list[int], cursor: Cursor) -> int:
    """Takes them out of all segments; returns how many those were. They may enter one while others are waited for."""
    left = 0
    while held := [row[0] for row in cursor.execute(_HOLD, [family]).fetchall()]:
        cursor.execute(_LEAVE, [family, held])
        left += cursor.rowcount
    return left


def from_mirror(person: Person, cursor: Cursor) -> dict[str, int]:
    """Nothing of the person stays in any of the mirror's files."""
    from karibu.segments.mirror import erase  # with libraries that a process at rest does not carry

    return {"mirror files": erase.take_out(person.family)}
