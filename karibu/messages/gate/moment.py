"""When it may leave: not too late, and at an hour to write to people."""

from datetime import datetime

from karibu.messages import quiet, zones
from karibu.messages.gate.case import Group
from karibu.messages.status import Reason
from karibu.messages.verdict import held, refused


def moment_is_not_past(group: Group) -> None:
    for case in group.undecided():
        if case.message.expires_at and case.message.expires_at < group.now:
            case.verdict = refused(Reason.TOO_LATE)


def person_is_awake(group: Group) -> None:
    """The hours in which a channel may be used count by the person's own clock. Only marketing waits for them."""
    ends: dict[tuple[str, str, str], datetime | None] = {}
    for channel, cases in group.by_channel(marketing=True).items():
        rules = group.rules_of(channel)
        if not quiet.limits(rules):
            continue
        for case in cases:
            assert case.customer
            place = zones.of(case.customer, group.shop.timezone, group.shop.country)
            key = (channel, place.zone.key, place.country)
            if key not in ends:
                ends[key] = quiet.ends(group.now, place.zone, rules, place.country)
            if until := ends[key]:
                case.verdict = held(until, Reason.QUIET_HOURS, _told(place))


def _told(place: zones.Place) -> str:
    """The zone that was taken, and how it is known where the person did not say it."""
    return place.zone.key if place.known_by == zones.OWN else f"{place.zone.key} ({place.known_by})"
