"""What has been let in and has not left: put back into the audience by a pause, given up by a cancelling."""

from typing import Any

from django.db import connection

from karibu.campaigns.models import HOLDOUT, LETTERS, Campaign, Recipient
from karibu.messages.actions import cancel
from karibu.messages.models import Message
from karibu.messages.status import OPEN

CHUNK = 2000

# Open ones alone are in the index of what is due, so nobody reads the million that left. One that was tried already
# stays with the senders: it may be on its way. Rows that a sender holds at this moment are theirs, too.
_PUT_BACK = """
    WITH mine AS MATERIALIZED (
        SELECT id, sender FROM messages_message WHERE status IN ('intended', 'held') AND attempts = 0
    ), back AS (
        DELETE FROM messages_message WHERE id = ANY(ARRAY(
            SELECT m.id FROM messages_message m JOIN mine USING (id) WHERE mine.sender = %(sender)s
            FOR UPDATE OF m SKIP LOCKED)) AND status IN ('intended', 'held') AND attempts = 0
        RETURNING customer_id, step, is_holdout, expires_at
    )
    INSERT INTO campaigns_recipient (campaign_id, customer_id, arm, is_rest, due_at)
    SELECT %(campaign)s, customer_id,
        CASE WHEN is_holdout THEN %(holdout)s ELSE position(step IN %(letters)s) - 1 END,
        false, expires_at - %(late)s - %(shift)s
    FROM back"""


def put_back(campaign: Campaign) -> None:
    """Under the campaign's lock. Their coupons stay theirs; their keys are the same when they are let in again."""
    parameters: dict[str, Any] = {
        "sender": campaign.sender,
        "campaign": campaign.pk,
        "holdout": HOLDOUT,
        "letters": LETTERS,
        "late": campaign.late,
        "shift": campaign.shift,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, parameters)


def let_go(campaign: Campaign, *, by: str) -> None:
    """Under the campaign's lock."""
    Recipient.objects.filter(campaign=campaign)._raw_delete("default")
    last = 0
    open_ = Message.objects.filter(sender=campaign.sender, status__in=OPEN).order_by("id").values_list("id", flat=True)
    while ids := list(open_.filter(id__gt=last)[:CHUNK]):
        cancel(ids, by=by)
        last = ids[-1]
