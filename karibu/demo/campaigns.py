"""Two campaigns that the sample shop has sent: made up with the year, so that what they really earned is known.

One was compared with people who were held out and really brought orders; the other, a newsletter, brought clicks and
nothing else. Messages, visits and orders are written as they would have been.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from karibu.campaigns.models import LETTERS, Campaign
from karibu.demo.people import Person
from karibu.demo.sessions import Visit as Session
from karibu.messages.addresses import public_url
from karibu.messages.models import Link, Message, Template, Visit

if TYPE_CHECKING:
    from karibu.demo.history import Writer

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PATHS = ("categories/home/", "categories/clothing/", "")
BY = "sample shop"
_BODY = """<mjml><mj-body><mj-section><mj-column>
<mj-text font-size="22px">{title}</mj-text>
<mj-text>Karibu{{% if customer.first_name %}} {{{{ customer.first_name }}}}{{% endif %}}, {text}</mj-text>
<mj-button href="{{{{ shop.url }}}}categories/home/">For the home</mj-button>
<mj-button href="{{{{ shop.url }}}}categories/clothing/">To wear</mj-button>
<mj-text><a href="{{{{ shop.url }}}}">Everything else</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


@dataclass(frozen=True)
class Plan:
    """`clicks`: the share of openers who click, by template; `buys`: of those who click, who order because of it."""

    name: str
    days_ago: int
    templates: tuple[tuple[str, str, str], ...]  # key, name, subject
    holdout: float
    opens: float
    clicks: tuple[float, ...]
    buys: float


HARVEST = Plan(
    "Harvest sale", 24,
    (("harvest-baskets", "Harvest: baskets", "Baskets for the harvest"),
     ("harvest-gifts", "Harvest: gifts", "Something for everybody you love")),
    0.3, 0.5, (0.3, 0.45), 0.6,
)  # fmt: skip
NEWS = Plan(
    "Letter of the month", 52, (("letter", "Letter of the month", "What the weavers made"),), 0.0, 0.4, (0.2,), 0
)
PLANS = (NEWS, HARVEST)


@dataclass(frozen=True)
class Mailing:
    """One person's part in a campaign."""

    plan: Plan
    person: str
    address: str
    arm: int
    is_held: bool
    sent_at: datetime
    opened_at: datetime | None
    clicked_at: datetime | None


def write(writer: "Writer", folks: Sequence[Person], random: Random) -> list[Mailing]:
    """Who got what and did what; the orders that came of it are added to the year and to its truth."""
    found = []
    for plan in PLANS:
        begun = (writer.now - timedelta(days=plan.days_ago)).replace(hour=8, minute=0, second=0, microsecond=0)
        for person in folks:
            if person.agrees and writer.joined[person.key] < begun:
                one = _mailed(plan, person, begun, random)
                found.append(one)
                if one.clicked_at and random.random() < plan.buys:
                    _buy(writer, one.clicked_at, person, random)
    return found


def _mailed(plan: Plan, person: Person, begun: datetime, random: Random) -> Mailing:
    is_held, arm = random.random() < plan.holdout, random.randrange(len(plan.templates))
    sent_at = begun + timedelta(seconds=random.uniform(0, 900))
    read_at = sent_at + timedelta(minutes=random.uniform(3, 900))
    opened_at = read_at if not is_held and random.random() < plan.opens else None
    clicks = opened_at is not None and random.random() < plan.clicks[arm]
    clicked_at = opened_at + timedelta(seconds=random.uniform(4, 40)) if opened_at and clicks else None
    return Mailing(plan, person.key, person.email, arm, is_held, sent_at, opened_at, clicked_at)


def _buy(writer: "Writer", clicked_at: datetime, person: Person, random: Random) -> None:
    number = f"campaign-{person.key}-{clicked_at:%j}"
    session = Session(random, clicked_at + timedelta(minutes=1), person.browser, person.place, person, number=number)
    writer.buy(session, random.choices((1, 2, 3), (50, 35, 15))[0])


def send_in_the_past(mailings: Sequence[Mailing], ids: dict[str, int]) -> None:
    """Writes what the campaigns' loop and the send loop would have written."""
    for plan in PLANS:
        mine = [one for one in mailings if one.plan == plan]
        if mine:
            _send(plan, mine, ids)


def _send(plan: Plan, mine: Sequence[Mailing], ids: dict[str, int]) -> None:
    templates = [_template(plan, n) for n in range(len(plan.templates))]
    campaign = _campaign(plan, mine)
    messages = Message.objects.bulk_create(_message(campaign, one, ids[one.person], templates[one.arm]) for one in mine)
    clicked = [(one, message) for one, message in zip(mine, messages, strict=True) if one.clicked_at]
    shop = f"{public_url()}/shop/"
    Link.objects.bulk_create(
        Link(message=message, position=n, url=shop + path) for _one, message in clicked for n, path in enumerate(PATHS)
    )
    Visit.objects.bulk_create(
        visit for one, message in zip(mine, messages, strict=True) for visit in _visits(one, message)
    )


def _template(plan: Plan, n: int) -> Template:
    key, name, subject = plan.templates[n]
    text = "the harvest is in, and so is what our weavers made of it." if plan is HARVEST else "this is what is new."
    body = _BODY.format(title=subject, text=text)
    made, _ = Template.objects.get_or_create(key=key, defaults={"name": name, "subject": subject, "body": body})
    return made


def _campaign(plan: Plan, mine: Sequence[Mailing]) -> Campaign:
    begun = min(one.sent_at for one in mine)
    ended = max(one.sent_at for one in mine)
    return Campaign.objects.create(
        name=plan.name, status=Campaign.Status.SENT, holdout=round(plan.holdout * 100),
        templates=[key for key, _name, _subject in plan.templates], utm_campaign=plan.templates[0][0], salt="sample",
        created_by=BY, launched_at=begun, launched_by=BY, starts_at=begun, begun_at=begun, moved_at=ended,
        finished_at=ended, audience=len(mine), is_complete=True,
    )  # fmt: skip


def _message(campaign: Campaign, one: Mailing, customer: int, template: Template) -> Message:
    status, reason = ("refused", "holdout") if one.is_held else ("sent", "")
    return Message(
        key=f"{campaign.sender}:customer:{customer}", customer_id=customer, template=template, topic=template.topic,
        is_marketing=True, sender=campaign.sender, step="" if one.is_held else LETTERS[one.arm], status=status,
        reason=reason, is_holdout=one.is_held, address="" if one.is_held else one.address,
        subject="" if one.is_held else template.subject,
        history=[{"at": one.sent_at.isoformat(), "status": status, "reason": reason, "detail": ""}],
        due_at=one.sent_at, created_at=one.sent_at, claimed_at=None if one.is_held else one.sent_at,
        attempts=0 if one.is_held else 1, sent_at=None if one.is_held else one.sent_at + timedelta(seconds=1),
        opened_at=one.opened_at, clicked_at=one.clicked_at,
    )  # fmt: skip


def _visits(one: Mailing, message: Message) -> list[Visit]:
    known = {"message": message, "user_agent": BROWSER}
    found = []
    if one.opened_at:
        found.append(Visit(**known, kind="opened", at=one.opened_at, judged_at=one.opened_at))
    if one.clicked_at:
        position = (message.customer_id * 7) % 10 // 4
        found.append(Visit(**known, kind="clicked", position=position, at=one.clicked_at, judged_at=one.clicked_at))
    return found
