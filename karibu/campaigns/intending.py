"""From a turn to a message: rows leave the audience as their messages are intended, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from karibu.campaigns.models import HOLDOUT, LETTERS, REST, Campaign
from karibu.messages.actions import Intent, intend
from karibu.shop import coupons


class Turn(NamedTuple):
    customer_id: int
    arm: int
    due_at: datetime


# Whoever was merged meanwhile stands here as whom they became: once, and not again if that one had their message.
_TAKE = """
    WITH taken AS (
        DELETE FROM campaigns_recipient WHERE id = ANY(ARRAY(
            SELECT id FROM campaigns_recipient WHERE campaign_id = %(campaign)s AND is_rest = %(rest)s
                AND due_at <= %(until)s ORDER BY due_at, id LIMIT %(limit)s))
        RETURNING id, customer_id, arm, due_at
    ), each AS (SELECT DISTINCT ON (customer_id) * FROM taken ORDER BY customer_id, id)
    SELECT e.customer_id, e.arm, e.due_at FROM each e
    WHERE NOT (EXISTS (SELECT 1 FROM customers_customer l WHERE l.merged_into = e.customer_id)
        AND EXISTS (SELECT 1 FROM messages_message m WHERE m.customer_id = e.customer_id AND m.sender = %(sender)s))
    ORDER BY e.due_at, e.id"""


def take(campaign: Campaign, until: datetime, limit: int, *, rest: bool) -> list[Turn]:
    """Takes up to `limit` turns that have come out of the audience. `rest`: of those who get the winner."""
    parameters: dict[str, Any] = {
        "campaign": campaign.pk,
        "sender": campaign.sender,
        "until": until,
        "limit": limit,
        "rest": rest,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, parameters)
        return [Turn(*row) for row in cursor.fetchall()]


def key_of(campaign: Campaign, customer_id: int) -> str:
    """What a person's message is called for ever: whatever is done again, it is the same one."""
    return f"campaign:{campaign.pk}:customer:{customer_id}"


def intend_all(campaign: Campaign, turns: Sequence[Turn]) -> None:
    """Those who are held out have a row, too, which the gate refuses: it says why they heard nothing."""
    codes = _codes(campaign, turns)
    intend([_intent(campaign, turn, codes) for turn in turns])


def _codes(campaign: Campaign, turns: Sequence[Turn]) -> dict[str, str]:
    pool = campaign.coupon_pool_id
    if pool is None:
        return {}
    wants = [(turn.customer_id, key_of(campaign, turn.customer_id)) for turn in turns if turn.arm != HOLDOUT]
    return coupons.claim(pool, wants)


def _intent(campaign: Campaign, turn: Turn, codes: dict[str, str]) -> Intent:
    key = key_of(campaign, turn.customer_id)
    index = (campaign.winner or 0) if turn.arm == REST else max(turn.arm, 0)
    return Intent(
        key=key,
        customer_id=turn.customer_id,
        template_key=campaign.templates[index],
        channel=campaign.channel,
        context=_context(campaign, codes.get(key)),
        sender=campaign.sender,
        step="" if turn.arm == HOLDOUT else LETTERS[index],
        expires_at=campaign.due(turn.due_at, rest=turn.arm == REST) + campaign.late,
        is_holdout=turn.arm == HOLDOUT,
    )


def _context(campaign: Campaign, code: str | None) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if campaign.coupon_pool_id is not None:
        context |= {"coupon_pool": campaign.coupon_pool_id, "coupon": {"code": code} if code else {}}
    if campaign.utm_campaign:
        context["utm"] = {"source": "karibu", "medium": campaign.channel, "campaign": campaign.utm_campaign}
    return context
