"""When each person's turn comes.

An hour on the wall is that of the person's zone; where that is not known or no zone at all, the shop's. On the night
when a clock is put forward an hour that does not exist is the one that the clock then shows (02:30 is 03:30); when it
is put back, the first of the two (PEP 495, fold=0): nobody is left out, nobody comes twice.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from karibu.campaigns.models import Campaign
from karibu.messages.quiet import zone_of

STEP = timedelta(minutes=5)  # a throttle lets so much of its hour out at a time
EARLIEST, LATEST = timedelta(hours=14), timedelta(hours=12)  # how far zones are ahead of and behind UTC
NOON = time(12)


def is_zone(name: str) -> bool:
    """Whether the clock of this place is known."""
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ValueError, OSError, KeyError):
        return False


def wall(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which clocks in `zone` show this."""
    return datetime.combine(day, hour, zone).astimezone(UTC)


def starts_at(campaign: Campaign, now: datetime, shop_zone: str) -> datetime:
    """When the first of its people may be due."""
    if campaign.when == Campaign.When.NOW or campaign.day is None:
        return now
    if campaign.when == Campaign.When.AT:
        return wall(campaign.day, campaign.hour or NOON, zone_of("", shop_zone))
    hour = campaign.hour or NOON if campaign.when == Campaign.When.LOCAL else time(0)
    return datetime.combine(campaign.day, hour, UTC) - EARLIEST


def last_start(campaign: Campaign) -> datetime:
    """It is too late to begin after this."""
    assert campaign.starts_at
    spread = EARLIEST + LATEST if campaign.when in (Campaign.When.LOCAL, Campaign.When.BEST) else timedelta()
    return (
        campaign.starts_at
        + spread
        + (timedelta(days=1) if campaign.when == Campaign.When.BEST else timedelta())
        + campaign.late
    )


def rest_wait(campaign: Campaign, chosen_at: datetime) -> timedelta:
    """How much later than planned the rest's turns come, since they wait for the winner; pace and hour stay.

    An hour of people's own clocks is that of a following day. (Days of 24 hours: where a clock is changed in between,
    the rest is an hour off.)
    """
    assert campaign.begun_at
    if campaign.when in (Campaign.When.LOCAL, Campaign.When.BEST):
        assert campaign.starts_at
        return timedelta(days=max(0, -((campaign.starts_at - chosen_at) // timedelta(days=1))))
    return max(timedelta(), chosen_at - campaign.begun_at - campaign.shift)


class Turns:
    """Reckons the turns of a campaign's people, in the order in which they are found."""

    def __init__(self, campaign: Campaign, shop_zone: str, hours: dict[int, int] | None = None) -> None:
        self.campaign, self.shop_zone, self.hours = campaign, shop_zone, hours or {}
        self._walls: dict[tuple[str, time], datetime] = {}

    def of(self, customer_id: int, zone: str, rank: int) -> datetime:
        """`rank`: how many came before."""
        campaign = self.campaign
        assert campaign.begun_at
        match campaign.when:
            case Campaign.When.LOCAL:
                turn = self._wall(zone, campaign.hour or NOON)
            case Campaign.When.BEST:
                turn = self._wall(zone, self._best(customer_id))
            case _:
                turn = campaign.begun_at
        return turn + self._throttled(rank)

    def _wall(self, zone: str, hour: time) -> datetime:
        known = self._walls.get((zone, hour))
        if known is None:
            assert self.campaign.day
            known = self._walls[zone, hour] = wall(self.campaign.day, hour, zone_of(zone, self.shop_zone))
        return known

    def _best(self, customer_id: int) -> time:
        hour = self.hours.get(customer_id)
        return self.campaign.hour or NOON if hour is None else time(hour)

    def _throttled(self, rank: int) -> timedelta:
        """In steps of five minutes, so that each hour has no more than its number."""
        if not self.campaign.per_hour:
            return timedelta()
        a_step = max(1, int(self.campaign.per_hour * STEP / timedelta(hours=1)))
        return (
            rank // a_step * STEP
            if self.campaign.per_hour >= 12
            else rank * (timedelta(hours=1) / self.campaign.per_hour)
        )
