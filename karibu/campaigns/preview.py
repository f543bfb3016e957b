"""Before launch: how many people it means, and what the gate would say to them today.

Up to WHOLE people are asked about one by one; of a larger audience a sample that is spread over it, and then the page
says so: its numbers are the sample's shares of everybody.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.campaigns import assign, audience, moments
from karibu.campaigns.audience import Person
from karibu.campaigns.check import known_templates
from karibu.campaigns.models import HOLDOUT, Campaign
from karibu.messages import gate
from karibu.messages.models import Message
from karibu.messages.status import Status, explain
from karibu.shop import coupons
from karibu.web.formats import count
from karibu.web.queries import shop

WHOLE = 3000  # takes the gate about a third of a second


@dataclass(frozen=True)
class Line:
    """One step of the waterfall: so many people, of everybody."""

    words: str
    people: int
    share: float
    kind: str  # refused, held, holdout, ready


@dataclass
class Preview:
    """`asked` is how many the gate was asked about; fewer than `audience`: the lines are estimates."""

    audience: int
    asked: int
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_estimate(self) -> bool:
        return self.asked < self.audience

    @property
    def ready(self) -> int:
        """How many would get it, those among them who would wait a little."""
        return sum(line.people for line in self.lines if line.kind in ("ready", "held"))


def preview(campaign: Campaign, now: datetime | None = None) -> Preview:
    now = now or timezone.now()
    size = audience.count(campaign.include, campaign.exclude)
    people = audience.sample(campaign.include, campaign.exclude, WHOLE)
    found = Preview(max(size, len(people)), len(people))
    if people:
        found.lines = _lines(_asked(campaign, people, now), found)
        found.notes = [
            *_unasked(campaign), *_clocks(campaign, people, found, now), *_no_zones(people, found),
            *_coupons(campaign, found),
        ]  # fmt: skip
    return found


def _asked(campaign: Campaign, people: Sequence[Person], now: datetime) -> Counter[tuple[str, str]]:
    """How often each (kind, words) came out of the gate."""
    known = known_templates(campaign.templates)
    templates = [known[key] for key in campaign.templates if key in known]
    if not templates:
        return Counter({("ready", _("would get it")): len(people)})
    arms = [assign.arm(campaign, person.customer_id) for person in people]
    messages = [
        Message(
            customer_id=person.customer_id, channel=campaign.channel, template=templates[max(arm, 0) % len(templates)],
            topic=templates[0].topic, is_marketing=templates[0].is_marketing, sender=campaign.sender, due_at=now,
            is_holdout=arm == HOLDOUT,
        )
        for person, arm in zip(people, arms, strict=True)
    ]  # fmt: skip
    with transaction.atomic():
        cases = gate.ask(messages, now).cases
    return Counter(_kind(case) for case in cases)


def _kind(case: Any) -> tuple[str, str]:
    verdict = case.verdict
    if verdict.status == Status.SENDING:
        return "ready", _("would get it")
    if verdict.status == Status.HELD:
        return "held", _("would get it later: %(why)s") % {"why": explain(verdict.reason)}
    return ("holdout" if verdict.reason == "holdout" else "refused"), explain(verdict.reason)


def _lines(counted: Counter[tuple[str, str]], found: Preview) -> list[Line]:
    """What is refused first, the biggest first; what leaves at the end."""
    order = ("refused", "holdout", "held", "ready")
    ranked = sorted(counted.items(), key=lambda item: (order.index(item[0][0]), -item[1]))
    total = sum(counted.values())
    return [Line(words, round(found.audience * n / total), n / total, kind) for (kind, words), n in ranked]


def _unasked(campaign: Campaign) -> list[str]:
    """A template that is no marketing asks nobody's consent: whoever sends it to many should know."""
    known = known_templates(campaign.templates).values()
    return [
        _("“%(name)s” is not marketing: it goes to everybody, whether they agreed or not.") % {"name": template.name}
        for template in known
        if not template.is_marketing
    ]


def _clocks(campaign: Campaign, people: Sequence[Person], found: Preview, now: datetime) -> list[str]:
    """Of those written to by their own clock: whose is not known, and whose hour has passed."""
    if campaign.when not in (Campaign.When.LOCAL, Campaign.When.BEST) or campaign.day is None:
        return []
    notes = []
    unknown = sum(not moments.is_zone(person.zone) for person in people)
    if unknown:
        n = round(found.audience * unknown / len(people))
        notes.append(_("%(n)s people's clock is not known: they get it by the shop's.") % {"n": n})
    campaign.begun_at = campaign.begun_at or now
    turns = moments.Turns(campaign, shop().timezone)
    past = sum(turns.of(*person, 0) < now - timedelta(minutes=1) for person in people)
    if past and campaign.when == Campaign.When.LOCAL:
        n = round(found.audience * past / len(people))
        notes.append(
            _("For %(n)s people this hour has passed: they get it at once, if it is no more than %(h)s hours late.")
            % {"n": n, "h": campaign.late_hours}
        )
    return notes


def _no_zones(people: Sequence[Person], found: Preview) -> list[str]:
    """What stands as somebody's time zone and is none: it hurts wherever hours count."""
    wrong = Counter(person.zone for person in people if person.zone and not moments.is_zone(person.zone))
    if not wrong:
        return []
    n = round(found.audience * wrong.total() / len(people))
    said = _("%(n)s people have a time zone that is none (“%(zone)s”): their country's or phone number's counts.")
    return [said % {"n": count(n), "zone": wrong.most_common(1)[0][0]}]


def _coupons(campaign: Campaign, found: Preview) -> list[str]:
    if campaign.coupon_pool is None:
        return []
    left = coupons.left([campaign.coupon_pool.pk], most=found.ready + 1)[campaign.coupon_pool.pk]
    if left >= found.ready:
        return []
    missing = found.ready - left
    if campaign.coupon_pool.fallback:
        return [
            _("%(n)s codes are missing in “%(pool)s”: so many people get “%(code)s”.")
            % {"n": missing, "pool": campaign.coupon_pool.name, "code": campaign.coupon_pool.fallback}
        ]
    said = _("%(n)s codes are missing in “%(pool)s”, which has none for everybody: so many people get no message.")
    return [said % {"n": missing, "pool": campaign.coupon_pool.name}]
