"""Whether now is an hour to write to somebody on a channel: the shop's own hours, and what their country allows."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from karibu.messages import hours, laws
from karibu.messages.hours import ALL_DAY, Week
from karibu.messages.models import ChannelRules
from karibu.messages.zones import zone_of

__all__ = ["ends", "limits", "weeks_of", "zone_of"]


def ends(now: datetime, zone: ZoneInfo, rules: ChannelRules, country: str) -> datetime | None:
    """When marketing may leave again (UTC); None where it may now."""
    weeks = weeks_of(rules, country)
    return hours.opens(now, zone, weeks) if weeks else None


def limits(rules: ChannelRules) -> bool:
    """Whether these rules close any hour at all, for anybody."""
    return bool(rules.hours or rules.by_country or not rules.on_sundays or not rules.on_holidays)


def weeks_of(rules: ChannelRules, country: str) -> tuple[Week, ...]:
    return _weeks(rules.hours, rules.on_sundays, rules.on_holidays, rules.by_country, country)


@lru_cache(maxsize=4096)
def _weeks(typed: str, on_sundays: bool, on_holidays: bool, by_country: bool, country: str) -> tuple[Week, ...]:
    day = hours.parse(typed) or ALL_DAY
    ours = Week(day, day, day if on_sundays else (), on_holidays, country)
    limits = ours != Week(country=country)
    return ((ours,) if limits else ()) + ((laws.of(country),) if by_country else ())
