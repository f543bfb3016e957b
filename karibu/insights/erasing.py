"""What an erasure takes out of this app: what the person did last, which the home page opens with."""

from karibu.consents.person import Person
from karibu.customers.raw import Cursor

# A moment is an array: when, who, what ... (live.Moment).
_FORGET = """
    UPDATE insights_lanemoments SET moments = (
        SELECT coalesce(jsonb_agg(one ORDER BY place), '[]')
        FROM jsonb_array_elements(moments) WITH ORDINALITY AS told(one, place)
        WHERE NOT (one ->> 1)::bigint = ANY(%(family)s))
    WHERE EXISTS (
        SELECT FROM jsonb_array_elements(moments) AS one WHERE (one ->> 1)::bigint = ANY(%(family)s))"""


def from_insights(person: Person, cursor: Cursor) -> dict[str, int]:
    """An event's name is the shop's to choose, and may say who it was."""
    cursor.execute(_FORGET, {"family": person.family})
    return {}
