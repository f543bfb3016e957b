"""What keeps a campaign from being launched, by the field that it is about; and what the linter finds in its words."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from karibu.campaigns import linted, moments
from karibu.campaigns.models import LETTERS, Campaign
from karibu.messages import preview, starters
from karibu.messages.models import Template
from karibu.segments.models import Segment
from karibu.web.queries import shop


def faults(campaign: Campaign, now: datetime) -> dict[str, list[str]]:
    """{field: sentences}; empty where it can be launched."""
    found: dict[str, list[str]] = {}
    for field, said in (*_what(campaign), *_who(campaign), *_when(campaign, now), *_test(campaign)):
        found.setdefault(field, []).append(said)
    return found


def findings(campaign: Campaign) -> list[tuple[Template, linted.Found]]:
    """What the linter points at in each template. One that cannot be used is a fault instead."""
    known = known_templates(campaign.templates)
    chosen = [known[key] for key in dict.fromkeys(campaign.templates) if key in known]
    return linted.findings(one for one in chosen if not preview.faults(one))


def known_templates(keys: list[str]) -> dict[str, Template]:
    """Those that there are; ready-made ones become the shop's own."""
    for key in set(keys) & set(starters.keys()):
        starters.plant(key)
    return {template.key: template for template in Template.objects.filter(key__in=keys)}


def _what(campaign: Campaign) -> list[tuple[str, Any]]:
    known = known_templates(campaign.templates)
    found = []
    if not campaign.templates:
        found.append(("templates", _("Choose what to send.")))
    if len(campaign.templates) > len(LETTERS):
        found.append(("templates", _("At most %(n)s templates can be compared.") % {"n": len(LETTERS)}))
    for key in campaign.templates:
        if key not in known:
            found.append(("templates", _("There is no message template “%(key)s”.") % {"key": key}))
        elif known[key].channel != campaign.channel:
            found.append(("templates", _("“%(name)s” is for another channel.") % {"name": known[key].name}))
        elif broken := preview.faults(known[key]):
            said = {"name": known[key].name, "why": broken[0].words}
            found.append(("templates", _("“%(name)s” cannot be filled in: %(why)s") % said))
    return found


def _who(campaign: Campaign) -> list[tuple[str, Any]]:
    known = Segment.objects.in_bulk([*campaign.include, *campaign.exclude])
    found = []
    for field in ("include", "exclude"):
        for number in getattr(campaign, field):
            if number not in known:
                found.append((field, _("There is no segment %(n)s.") % {"n": number}))
            elif known[number].archived_at:
                said = _("“%(name)s” is in the archive: nobody is in it. Take it out, or restore it.")
                found.append((field, said % {"name": known[number].name}))
    if not 0 <= campaign.holdout <= 90:
        found.append(("holdout", _("Between 0 and 90 percent can be held out.")))
    return found


def _when(campaign: Campaign, now: datetime) -> list[tuple[str, Any]]:
    if campaign.when == Campaign.When.NOW:
        return []
    if campaign.day is None:
        return [("day", _("Say on which day."))]
    if campaign.hour is None and campaign.when != Campaign.When.BEST:
        return [("hour", _("Say at what time."))]
    campaign.starts_at = moments.starts_at(campaign, now, shop().timezone)
    over = moments.last_start(campaign) - campaign.late
    campaign.starts_at = None
    return [("day", _("This moment has passed."))] if over < now else []


def _test(campaign: Campaign) -> list[tuple[str, Any]]:
    if campaign.test_share is None:
        return []
    if not 1 <= campaign.test_share <= 100:
        return [("test_share", _("Between 1 and 100 percent can take part in the test."))]
    if len(campaign.templates) == 1:
        return [("test_share", _("A test needs a second template to compare with; empty, everybody gets this one."))]
    return []
