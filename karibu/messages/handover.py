"""The moment that cannot be taken back, for channels outside of the database (SMTP).

What is guaranteed. A message leaves at most once by itself, whatever is killed and whenever; and none is forgotten:

1. *Claim* (committed): status "sending", by this database connection, counted in `attempts`.
2. The server gets the whole message except its last line. A death until here has sent nothing: the row still says that
   the hand-over has not begun, and goes back to the queue as soon as its sender's database connection is gone.
3. *Begin* (committed and flushed): `handed_over_at`, only where the row still has the status and the claim that the
   letter was written for. A sender that was slow, and whose message somebody took back meanwhile, stops here.
4. The last line, the server's answer, the *outcome* (committed).

A death between 3 and 4 is the one case in which nobody but the mail server can know whether it took the message. It is
as short as the server's answer and one commit, concerns one message per connection, and is never resolved by guessing:
after LEASE the message reads "failed: unknown_outcome", visible in every list, and only a colleague sends it again.

The outcome's commit need not wait for the disk: the log is written in order, so the next Begin flushes it too.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from karibu.messages.channels import Letter
from karibu.messages.models import Message
from karibu.messages.status import Reason, Status
from karibu.messages.verdict import NOT_REACHED, Outcome, failed, record

LEASE = timedelta(minutes=10)  # the timeouts of one group's deliveries, and of writing them down, end well before

_BEGIN = """
    UPDATE messages_message SET handed_over_at = %s
    WHERE id = %s AND status = 'sending' AND attempts = %s AND handed_over_at IS NULL"""

# A connection that began after the claim is another one with the same number (the minute is for clocks that differ).
_ABANDONED = """
    SELECT id, customer_id FROM messages_message m
    WHERE status = 'sending' AND handed_over_at IS NULL AND (
        claimed_at < %s OR claimed_by IS NULL OR claimed_by = pg_backend_pid() OR NOT EXISTS (
            SELECT FROM pg_stat_activity a
            WHERE a.pid = m.claimed_by AND a.backend_start <= m.claimed_at + interval '1 minute'))
    FOR UPDATE SKIP LOCKED"""


def begin(letter: Letter) -> bool:
    """Commits that this letter's hand-over has begun; False where the row is no longer this claim's to send."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [timezone.now(), letter.message_id, letter.claim])
        return bool(cursor.rowcount == 1)


def take_back(now: datetime | None = None) -> int:
    """Claimed messages whose sender is gone and whose turn had not come wait again; returns how many.

    Call it between deliveries, in a transaction: this connection's own claims are then leftovers of a failed one.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED, [now - LEASE])
        rows = cursor.fetchall()
    found = [Outcome(message_id=number, verdict=NOT_REACHED, customer_id=customer) for number, customer in rows]
    return record(found, now, before=[Status.SENDING])


def admit_doubt(now: datetime | None = None) -> int:
    """Hand-overs that began and never got an outcome: nobody knows whether they arrived, and the row says so."""
    now = now or timezone.now()
    rows = Message.objects.filter(status=Status.SENDING, handed_over_at__lt=now - LEASE)
    doubtful = failed(Reason.UNKNOWN_OUTCOME)
    found = [
        Outcome(message_id=number, verdict=doubtful, customer_id=customer)
        for number, customer in rows.values_list("id", "customer_id")
    ]
    return record(found, now, before=[Status.SENDING])
