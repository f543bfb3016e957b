"""What an erasure takes out of this app: the person leaves, with what they did there; that somebody was there stays."""

from karibu.consents.person import Person
from karibu.customers.raw import Cursor

_EMPTY = """
    UPDATE journeys_enrollment SET key = '', slot = 'erased:' || id, context = '{}', due_at = NULL,
        status = CASE status WHEN 'active' THEN 'left' WHEN 'failed' THEN 'left' ELSE status END,
        reason = CASE status WHEN 'finished' THEN '' ELSE 'erased' END,
        ended_at = coalesce(ended_at, now())
    WHERE customer_id = ANY(%s) AND (slot <> 'erased:' || id OR key <> '' OR context <> '{}')"""


def from_journeys(person: Person, cursor: Cursor) -> dict[str, int]:
    """Enrollments become bare numbers: no key, no context, no order that ended them. Rehearsals forget the example."""
    cursor.execute(
        "DELETE FROM journeys_call c USING journeys_enrollment e WHERE e.id = c.enrollment_id "
        "AND e.customer_id = ANY(%s)",
        [person.family],
    )
    cursor.execute(_EMPTY, [person.family])
    enrollments = cursor.rowcount
    cursor.execute("DELETE FROM journeys_rehearsed WHERE customer_id = ANY(%s)", [person.family])
    return {"enrollments": enrollments, **({"rehearsed": cursor.rowcount} if cursor.rowcount else {})}
