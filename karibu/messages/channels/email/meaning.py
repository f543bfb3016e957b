"""What a mail server's refusal means for the message (RFC 5321, 3463)."""

from datetime import timedelta

from django.utils import timezone

from karibu.messages.channels.email.smtp import Reply, Unreachable
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict, failed, held

# After the n-th try: so long until the next. Then it is given up, half a day later.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480)]


def meaning(reply: Reply, about: str, attempt: int) -> Verdict:
    """For good and about the address itself (5.1.x): the address is blocked from now on."""
    said = " ".join(str(reply).split())
    if about == "sender" and reply.code >= 500:
        # Our own address is not welcome: a setting to mend, not a fault of the recipients.
        raise Unreachable(f"the mail server refuses our sender address: {said}")
    if reply.code < 500:
        return later(attempt, said)
    # 5.1.7 and 5.1.8 speak of the sender's address; X.1.x otherwise of the recipient's (RFC 3463).
    bounced = reply.enhanced.startswith("5.1.") and reply.enhanced not in ("5.1.7", "5.1.8")
    if reply.enhanced == "5.6.7":
        return failed(Reason.BAD_ADDRESS, said)
    return failed(Reason.REJECTED, said, bounced=bounced)


def later(attempt: int, said: str) -> Verdict:
    """Another try after a growing pause, or no more."""
    if attempt > len(PAUSES):
        return failed(Reason.GAVE_UP, said)
    return held(timezone.now() + PAUSES[attempt - 1], Reason.RETRY, said)
