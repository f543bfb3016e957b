"""What an erasure takes out of this app: its tables, and the files of the mirror."""

from karibu.consents.person import Person
from karibu.customers.raw import Cursor
from karibu.segments.models import Due, Rfm, Touched

# Nobody is told that they left: the log shall not name them again.
_LEAVE = """
    WITH gone AS (DELETE FROM segments_member WHERE customer_id = ANY(%s) RETURNING segment_id),
    counted AS (SELECT segment_id, count(*) AS people FROM gone GROUP BY 1 ORDER BY 1),
    smaller AS (UPDATE segments_segment SET size = size - people FROM counted WHERE id = segment_id RETURNING id, size)
    INSERT INTO segments_size (segment_id, day, members, entered, "left")
    SELECT id, (now() AT TIME ZONE 'UTC')::date, size, 0, 0 FROM smaller
    ON CONFLICT (segment_id, day) DO UPDATE SET members = excluded.members"""


def from_segments(person: Person, cursor: Cursor) -> dict[str, int]:
    """The person is in no segment any more, and nothing is reckoned of them."""
    cursor.execute(_LEAVE, [person.family])
    left = cursor.rowcount
    if pattern := person.traces.anything:  # what somebody did may be called after them; "": look at everything
        Touched.objects.filter(event__iregex=pattern).update(event="")
    Rfm.objects.filter(customer_id__in=person.family).delete()
    Due.objects.filter(customer_id__in=person.family).delete()
    return {"segments": left}


def from_mirror(person: Person, cursor: Cursor) -> dict[str, int]:
    """Nothing of the person stays in any of the mirror's files."""
    from karibu.segments.mirror import erase  # with libraries that a process at rest does not carry

    return {"mirror files": erase.take_out(person.family)}
