"""How often: marketing messages to one person keep a distance; what is too much waits, the most important first."""

from datetime import datetime, timedelta

from django.db import connection

from karibu.messages.gate.case import Group
from karibu.messages.status import Reason
from karibu.messages.verdict import held

_LATEST = """
    SELECT customer_id, max(coalesce(sent_at, claimed_at)) FROM messages_message
    WHERE customer_id = ANY(%s) AND is_marketing AND status IN ('sent', 'sending')
        AND coalesce(sent_at, claimed_at) > %s
    GROUP BY customer_id"""


def person_has_had_rest(group: Group) -> None:
    """Two marketing messages to one person keep a distance, also when both are in this very group."""
    gap = timedelta(hours=group.rules.gap_hours)
    cases = list(group.undecided(marketing=True))
    if not cases or not gap:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [[case.message.customer_id for case in cases], group.now - gap])
        latest: dict[int, datetime] = dict(cursor.fetchall())
    for case in cases:
        customer = case.message.customer_id
        if customer in latest:
            case.verdict = held(latest[customer] + gap, Reason.FREQUENCY, f"{group.rules.gap_hours} h")
        else:
            latest[customer] = group.now
