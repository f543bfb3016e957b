"""When it may leave: not too late, and at an hour to write to people."""

from karibu.messages import quiet
from karibu.messages.gate.case import Group
from karibu.messages.status import Reason
from karibu.messages.verdict import held, refused


def moment_is_not_past(group: Group) -> None:
    for case in group.undecided():
        if case.message.expires_at and case.message.expires_at < group.now:
            case.verdict = refused(Reason.TOO_LATE)


def person_is_awake(group: Group) -> None:
    """Quiet hours count in the person's own zone. Only marketing waits for the morning."""
    if group.rules.quiet_from is None or group.rules.quiet_until is None:
        return
    for case in group.undecided(marketing=True):
        zone = quiet.zone_of(case.customer.timezone if case.customer else "", group.shop.timezone)
        if until := quiet.ends(group.now, zone, group.rules.quiet_from, group.rules.quiet_until):
            case.verdict = held(until, Reason.QUIET_HOURS, zone.key)
