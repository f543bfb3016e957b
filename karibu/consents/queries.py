"""What the gate asks: is the consent in force, is the address blocked. Always for many people at once."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from karibu.consents.models import Consent, Suppression
from karibu.consents.statement import EVERYTHING, FILE, GIVEN, OFFERS, PENDING, WITHDRAWN

STOPS_MARKETING = str(Suppression.Reason.UNSUBSCRIBED)
# A "given" counts when no withdrawal stands against it: it must be later than every withdrawal, at least as strong
# as the strongest, and not from a file. Without any withdrawal every "given" counts. A withdrawal counts always.
_IN_FORCE = """
    WITH said AS (
        SELECT customer_id, status, strength, at FROM consents_consent
        WHERE customer_id = ANY(%s) AND channel = %s AND topic = ANY(%s) AND status <> 'pending'
    ), withdrawn AS (
        SELECT customer_id, max(at) AS at, max(strength) AS strength FROM said
        WHERE status = 'withdrawn' GROUP BY customer_id
    )
    SELECT s.customer_id, bool_or(s.status = 'given' AND (
        w.at IS NULL OR (s.at > w.at AND s.strength >= w.strength AND s.strength > %s)))
    FROM said s LEFT JOIN withdrawn w USING (customer_id)
    GROUP BY s.customer_id"""

_BLOCKED = """
    SELECT value, reason FROM consents_suppression WHERE channel = %s AND value = ANY(%s) AND lifted_at IS NULL"""


def in_force(customer_ids: Collection[int], channel: str, topic: str = OFFERS) -> dict[int, str]:
    """{customer: "given" or "withdrawn"} for one channel and topic; who never said anything is left out."""
    if not customer_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [list(customer_ids), channel, [topic, EVERYTHING], FILE])
        return {customer: str(GIVEN if given else WITHDRAWN) for customer, given in cursor.fetchall()}


def marks(customer_id: int) -> list[dict[str, Any]]:
    """Each channel and topic this person has said something about, with what is in force and the last statement."""
    said = Consent.objects.filter(customer_id=customer_id).order_by("channel", "topic", "-at", "-id")
    found = []
    for last in said.distinct("channel", "topic"):
        status = in_force([customer_id], last.channel, last.topic).get(customer_id, str(PENDING))
        found.append({"channel": last.channel, "topic": last.topic, "status": status, "last": last})
    return found


def normalise(channel: str, address: str) -> str:
    """The form in which addresses are compared: without surrounding space, in lower case."""
    return address.strip().lower()


def suppressed(channel: str, addresses: Collection[str]) -> dict[str, str]:
    """{normalised address: reason} of those that are blocked, in one query.

    `unsubscribed` (STOPS_MARKETING) stops marketing alone; every other reason stops everything.
    """
    wanted = [normalise(channel, address) for address in addresses]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKED, [channel, wanted])
        rows = cursor.fetchall()
    found: dict[str, str] = {}
    for value, reason in rows:
        if found.get(value) in (None, STOPS_MARKETING):  # of several reasons the graver one
            found[value] = reason
    return found


_PAUSED = """
    SELECT customer_id, until FROM (
        SELECT DISTINCT ON (customer_id) customer_id, until FROM consents_pause
        WHERE customer_id = ANY(%s) ORDER BY customer_id, id DESC) AS last
    WHERE until > %s"""


def paused(customer_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """{customer: until when} of those who asked for silence for a while."""
    if not customer_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PAUSED, [list(customer_ids), now])
        return dict(cursor.fetchall())


_RHYTHMS = """
    SELECT DISTINCT ON (customer_id) customer_id, days FROM consents_rhythm
    WHERE customer_id = ANY(%s) ORDER BY customer_id, id DESC"""


def rhythms(customer_ids: Collection[int]) -> dict[int, int]:
    """In how many days at most one piece of marketing is wanted, of those who said so."""
    with connection.cursor() as cursor:
        cursor.execute(_RHYTHMS, [list(customer_ids)])
        return {customer: days for customer, days in cursor.fetchall() if days}
