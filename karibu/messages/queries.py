"""What others ask of the messages: what became of everything that one sender wanted sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection
from django.utils.translation import gettext as _

from karibu.messages.status import OPEN, Status, explain

Kind = Literal["audience", "loss", "waiting", "reached"]


@dataclass(frozen=True)
class Step:
    """One step of a waterfall. `left` is how many are still on their way behind it.

    A loss is who was refused, cancelled or failed, by reason; "waiting" who is held or not yet due, which is no loss.
    """

    key: str  # audience, a reason, held, sending, sent, bounced, delivered, confirmed, opened, clicked
    words: str
    count: int
    kind: Kind
    left: int


_BY_FATE = """
    SELECT status, reason, count(*), count(sent_at), count(opened_at), count(clicked_at),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND status = 'sent' AND bounced_at IS NOT NULL),
        count(*) FILTER (WHERE sent_at IS NOT NULL AND status = 'sent' AND bounced_at IS NULL
            AND delivered_at IS NOT NULL)
    FROM messages_message WHERE sender = %s GROUP BY status, reason"""


def waterfall(sender: str) -> list[Step]:
    """From the audience to the clicks, in one statement: all that `sender` ("campaign:7", "journey:3") wanted sent.

    Opens and clicks are of people, not of machines. Delivered is what was sent and did not come back; of how many of
    these the recipient's own server (or provider) said so is a step of its own, where any did.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BY_FATE, [sender])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return _steps(rows) if rows else []


def _steps(rows: Sequence[tuple[Any, ...]]) -> list[Step]:
    left = sum(row[2] for row in rows)
    found = [Step("audience", _("Wanted"), left, "audience", left)]
    for status, reason, count, *_rest in _lost(rows):
        left -= count
        words = explain(reason) or str(Status(status).label)
        found.append(Step(reason or status, words, count, "loss", left))
    for status, reason, count, *_rest in sorted((r for r in rows if r[0] in (*OPEN, Status.SENDING)), key=_by_size):
        left -= count
        found.append(Step(reason or status, explain(reason) or str(Status(status).label), count, "waiting", left))
    return found + _reached(rows)


def _lost(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Before they were sent: refused, then cancelled, then failed; of each the most frequent reason first."""
    order = [Status.REFUSED, Status.CANCELLED, Status.FAILED]
    lost = [(status, reason, count - sent) for status, reason, count, sent, *_rest in rows if status in order]
    return sorted((row for row in lost if row[2]), key=lambda row: (order.index(row[0]), -row[2]))


def _reached(rows: Sequence[tuple[Any, ...]]) -> list[Step]:
    sent, opened, clicked, bounced, confirmed = (sum(row[n] for row in rows) for n in range(3, 8))
    found, left = [Step("sent", _("Sent"), sent, "reached", sent)], sent
    back = [(row[1], explain(row[1]), row[3]) for row in rows if row[0] == Status.FAILED and row[3]]
    back += [("bounced", _("Came back: bounced"), bounced)] if bounced else []
    for reason, words, count in sorted(back, key=lambda one: -one[2]):
        left -= count
        found.append(Step(reason, words, count, "loss", left))
    known = [Step("confirmed", _("The recipient's server said so"), confirmed, "reached", confirmed)]
    return [
        *found,
        Step("delivered", _("Delivered"), left, "reached", left),
        *(known if confirmed else []),
        Step("opened", _("Opened by people"), opened, "reached", opened),
        Step("clicked", _("Clicked by people"), clicked, "reached", clicked),
    ]


def _by_size(row: tuple[Any, ...]) -> int:
    return -int(row[2])
