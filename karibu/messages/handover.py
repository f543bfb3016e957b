"""The moment that cannot be taken back, for channels outside of the database (SMTP).

What is guaranteed. A message leaves at most once by itself, whatever is killed and whenever; and none is forgotten:

1. *Claim* (committed): status "sending", by this database connection, counted in `attempts`.
2. The server gets the whole message except its last line. A death until here has sent nothing: the row still says that
   the hand-over has not begun, and goes back to the queue as soon as its sender's database connection is gone.
3. *Begin* (committed and flushed): `handed_over_at`, only where the row still has the status and the claim that the
   letter was written for. A sender that was slow, and whose message somebody took back meanwhile, stops here.
4. The last line, the server's answer, the *outcome* (committed).

A death between 3 and 4 is the one case in which nobody but the mail server can know whether it took the message. It is
never resolved by guessing: after LEASE the message reads "failed: unknown_outcome", visible in every list, and only a
colleague sends it again.

A window. A sender with several connections begins for all letters that have reached 3 in one commit, which also writes
the outcomes that have come since the last one. So a connection has at most one letter between 3 and 4: its next letter
begins in the commit that writes the outcome of the one before, or later. A death puts at most as many letters in doubt
as the sender has connections (KARIBU_SMTP_URL's `?connections=`, 16), and only such whose last line may have gone out.

The outcome's commit need not wait for the disk: the log is written in order, so the next Begin flushes it too.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from karibu.consents.actions import suppress
from karibu.consents.models import Suppression
from karibu.customers.raw import Cursor, planned
from karibu.events.arrays import Numbers, with_bulk_arrays
from karibu.messages.channels import Letter
from karibu.messages.models import Message
from karibu.messages.status import Reason, Status
from karibu.messages.verdict import NOT_REACHED, SENT, Outcome, Verdict, failed, record

LEASE = timedelta(minutes=10)  # the timeouts of one group's deliveries, and of writing them down, end well before
MOST_NOTED = 200  # outcomes that wait for the next Begin

# By the key, whatever the server took the table for when it planned this: were the status asked for as the index of
# claimed messages has it, the server would go through all of them for each Begin, since they are so few when it plans.
_BEGIN = """
    WITH begun AS (
        UPDATE messages_message SET handed_over_at = %(now)s
        WHERE id = ANY(%(letters)s::bigint[]) AND status || '' = 'sending' AND handed_over_at IS NULL
            AND attempts = (%(claims)s::bigint[])[array_position(%(letters)s::bigint[], id)]
        RETURNING id
    ), sent AS (
        UPDATE messages_message SET status = 'sent', reason = '', detail = '', sent_at = %(now)s,
            history = history || %(entry)s::jsonb
        WHERE id = ANY(%(sent)s::bigint[]) AND status || '' = 'sending' RETURNING id
    ), untold AS (
        INSERT INTO messages_untold (message_id) SELECT id FROM sent ON CONFLICT DO NOTHING
    )
    SELECT id FROM begun"""

# A connection that began after the claim is another one with the same number (the minute is for clocks that differ).
_ABANDONED = """
    SELECT id, customer_id FROM messages_message m
    WHERE status = 'sending' AND handed_over_at IS NULL AND (
        claimed_at < %s OR claimed_by IS NULL OR claimed_by = pg_backend_pid() OR NOT EXISTS (
            SELECT FROM pg_stat_activity a
            WHERE a.pid = m.claimed_by AND a.backend_start <= m.claimed_at + interval '1 minute'))
    FOR UPDATE SKIP LOCKED"""


class Window:
    """The hand-overs of one group of letters of one channel, and what became of them."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._noted: list[Outcome] = []
        self._cursor: Cursor | None = None

    def __call__(self, letter: Letter) -> bool:
        """Commits that this letter's hand-over has begun; False where the row is no longer this claim's to send."""
        return letter.message_id in self.window([letter])

    def window(self, letters: Sequence[Letter]) -> set[int]:
        """Commits it for several, with the outcomes noted so far; answers which are still this claim's to send."""
        if any(outcome.verdict is not SENT for outcome in self._noted):
            self.settle()
        self._cursor = self._cursor or with_bulk_arrays(planned())
        begun = begin(letters, [outcome.message_id for outcome in self._noted], self._cursor)
        self._noted = []
        return begun

    def note(self, letter: Letter, verdict: Verdict) -> None:
        """What became of a letter is written with the next Begin, at the latest when many wait or nothing begins."""
        self._noted.append(Outcome(letter.message_id, verdict, letter.customer_id, letter.recipient))
        if len(self._noted) >= MOST_NOTED:
            self.settle()

    def settle(self) -> None:
        """Writes what is noted. It must be remembered: a database that is away for a moment is waited for."""
        patience = 0 if connection.in_atomic_block else 8
        for attempt in range(patience + 1):
            try:
                _remember(self.channel, self._noted)
                break
            except (OperationalError, InterfaceError):
                if attempt == patience:
                    raise
                self._cursor = None
                connection.close()
                time.sleep(min(0.1 * 2**attempt, 10))
        self._noted = []


def begin(letters: Sequence[Letter], sent: Sequence[int] = (), using: Cursor | None = None) -> set[int]:
    """One statement and commit for the Begin of these letters, and for the messages that are `sent` by now."""
    now = timezone.now()
    values = {
        "now": now,
        "letters": Numbers(one.message_id for one in letters),
        "claims": Numbers(one.claim for one in letters),
        "sent": Numbers(sent),
        "entry": Jsonb([{"at": now.isoformat(), "status": Status.SENT}]),
    }
    with connection.wrap_database_errors:
        found = (using or with_bulk_arrays(planned())).execute(_BEGIN, values, prepare=True)
        return {row[0] for row in found.fetchall()}


def _remember(channel: str, outcomes: Sequence[Outcome]) -> None:
    bounced = [outcome.address for outcome in outcomes if outcome.verdict.bounced]
    if bounced or connection.in_atomic_block:
        with transaction.atomic():
            record(outcomes, timezone.now(), before=[Status.SENDING])
            if bounced:
                suppress(channel, bounced, Suppression.Reason.HARD_BOUNCE)
        return
    # One statement, which the next message's Begin takes to the disk: were it lost, the message would be shown as in
    # doubt, never sent again.
    record(outcomes, timezone.now(), before=[Status.SENDING], flushed=False)


def take_back(now: datetime | None = None) -> int:
    """Claimed messages whose sender is gone and whose turn had not come wait again; returns how many.

    Call it between deliveries, in a transaction: this connection's own claims are then leftovers of a failed one.
    """
    now = now or timezone.now()
    with connection.cursor() as found_by:
        found_by.execute(_ABANDONED, [now - LEASE])
        rows = found_by.fetchall()
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
