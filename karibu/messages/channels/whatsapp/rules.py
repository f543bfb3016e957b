"""What the gate asks of WhatsApp: who has not written within a day, and no template is approved, gets nothing.

Whether the text itself is an approved template is known when it is written (compose.py), by the law that is noted here.
"""

from collections.abc import Sequence
from datetime import datetime

from karibu.messages.channels.whatsapp.compose import note
from karibu.messages.channels.whatsapp.window import laws
from karibu.messages.gate.case import Case
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict, refused


def allows(cases: Sequence[Case], now: datetime) -> Sequence[Verdict | None]:
    found = laws([case.address for case in cases], now)
    verdicts: list[Verdict | None] = []
    for case in cases:
        law = found[case.address]
        note(case.message, law)
        verdicts.append(None if law.is_open or law.approved else refused(Reason.OUTSIDE_WINDOW, law.sentence))
    return verdicts
