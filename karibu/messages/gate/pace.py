"""How often: marketing to one person keeps a distance and a number; too much waits, the most important first."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from karibu.consents.queries import rhythms
from karibu.customers import raw
from karibu.messages.gate.case import Case, Group
from karibu.messages.models import ChannelRules, Rules
from karibu.messages.status import Reason
from karibu.messages.verdict import held

ANY = ""  # the line of all channels together

# What is being sent counts, and what may have arrived; what certainly did not arrive takes nobody's place.
_SENT = """
    SELECT customer_id, channel, coalesce(sent_at, handed_over_at, claimed_at) FROM messages_message
    WHERE customer_id = ANY(%s) AND is_marketing
        AND (status IN ('sent', 'sending') OR (status = 'failed' AND reason = 'unknown_outcome'))
        AND coalesce(sent_at, handed_over_at, claimed_at) > %s
    ORDER BY 3 DESC"""
Line = tuple[int, str]  # a person on one channel, or on ANY


def person_has_had_rest(group: Group) -> None:
    """What is over the cap waits. Of several messages the highest priority leaves first, then the oldest.

    The lock on each person (send.py) makes what is counted here true until it is committed.
    """
    cases = sorted(group.undecided(marketing=True), key=lambda case: (-case.message.priority, case.message.pk or 0))
    if not cases:
        return
    wishes = rhythms({case.message.customer_id for case in cases})
    longest = _longest([group.rules, *(group.rules_of(channel) for channel in {c.message.channel for c in cases})])
    longest = max(longest, timedelta(days=max(wishes.values(), default=0)))
    if not longest:
        return
    sent = _sent({case.message.customer_id for case in cases}, group.now - longest)
    for case in cases:
        _decide(case, group, sent, wishes.get(case.message.customer_id, 0))


def rest(case: Case, group: Group, sent: dict[Line, list[datetime]], wish: int) -> datetime | None:
    """Until when the person is left alone; else None, and the message has taken its place in `sent`."""
    _decide(case, group, sent, wish)
    verdict, case.verdict = case.verdict, None
    return verdict.until if verdict else None


def _decide(case: Case, group: Group, sent: dict[Line, list[datetime]], wish: int) -> None:
    """`wish`: in how many days the person wants one message at most; 0 where they leave it to the shop."""
    anything, here = (case.message.customer_id, ANY), (case.message.customer_id, case.message.channel)
    if times := sent.get(anything):
        waits = [*_waits(times, group.rules), *_waits(sent.get(here, []), group.rules_of(case.message.channel))]
        if wish:
            waits.append((times[0] + timedelta(days=wish), f"{wish} d, as they asked"))
        until, detail = max(waits, default=(group.now, ""))
        if until > group.now:
            case.verdict = held(until, Reason.FREQUENCY, detail)
            return
    for line in (anything, here):
        sent.setdefault(line, []).insert(0, group.now)


def _waits(times: list[datetime], rules: Rules | ChannelRules) -> Iterable[tuple[datetime, str]]:
    """Until when each rule lets nothing more pass, and the rule; `times` are of what was sent, the latest first."""
    if times and rules.gap_hours:
        yield times[0] + timedelta(hours=rules.gap_hours), f"{rules.gap_hours} h"
    if rules.most and len(times) >= rules.most:
        yield times[rules.most - 1] + timedelta(days=rules.most_days), f"{rules.most} / {rules.most_days} d"


def _longest(rules: Iterable[Rules | ChannelRules]) -> timedelta:
    return max(max(timedelta(hours=r.gap_hours), timedelta(days=r.most_days if r.most else 0)) for r in rules)


def _sent(customers: set[int], since: datetime) -> dict[Line, list[datetime]]:
    found: dict[Line, list[datetime]] = {}
    for customer, channel, at in raw.rows(_SENT, list(customers), since):
        found.setdefault((customer, channel), []).append(at)
        found.setdefault((customer, ANY), []).append(at)
    return found
