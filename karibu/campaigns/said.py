"""A campaign in words, and what its page shows."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.campaigns import audience, queries, report
from karibu.campaigns.models import Campaign, Recipient
from karibu.messages.drawing import drawn
from karibu.messages.models import Template
from karibu.messages.queries import waterfall
from karibu.segments.queries import names
from karibu.web.formats import count, moment, percent

When = Campaign.When


def plan(campaign: Campaign) -> str:
    """Who gets what when, in a sentence or two."""
    return " ".join(filter(None, (f"{who(campaign)}, {when(campaign)}", _test(campaign))))


def who(campaign: Campaign) -> str:
    known = names([*campaign.include, *campaign.exclude])
    inside = _listed([known.get(number, "?") for number in campaign.include])
    outside = _listed([known.get(number, "?") for number in campaign.exclude])
    said = _("Everybody in %(segments)s") % {"segments": inside} if inside else _("Everybody who is known")
    return said + (", " + _("but nobody in %(segments)s") % {"segments": outside} if outside else "")


def _listed(words: Sequence[str]) -> str:
    return _(" or ").join(f"“{word}”" for word in words)


def when(campaign: Campaign) -> str:
    day = moment(campaign.day) if campaign.day else "?"
    hour = f"{campaign.hour:%H:%M}" if campaign.hour else "?"
    words = {
        When.NOW: _("at once"),
        When.AT: _("on %(day)s at %(hour)s"),
        When.LOCAL: _("on %(day)s at %(hour)s of their own clock"),
        When.BEST: _("on %(day)s at the hour when each tends to read"),
    }
    said = words[When(campaign.when)] % {"day": day, "hour": hour}
    if campaign.per_hour:
        said += ", " + _("no more than %(n)s an hour") % {"n": count(campaign.per_hour)}
    return said + "."


def _test(campaign: Campaign) -> str:
    if not campaign.has_test:
        return ""
    share = percent((campaign.test_share or 0) / 100, 0)
    goal = campaign.get_goal_display()
    if campaign.test_hours is None:
        return _("%(share)s try the templates; you choose which one the others get.") % {"share": share}
    if campaign.when in (When.LOCAL, When.BEST):
        return _by_own_clock(campaign, share, goal)
    hours = ngettext("%(n)d hour", "%(n)d hours", campaign.test_hours) % {"n": campaign.test_hours}
    return _("%(share)s try the templates; after %(hours)s the others get the one with the most %(goal)s.") % {
        "share": share, "hours": hours, "goal": goal,
    }  # fmt: skip


def _by_own_clock(campaign: Campaign, share: str, goal: str) -> str:
    hours = ngettext("%(n)d hour", "%(n)d hours", campaign.test_hours or 0) % {"n": campaign.test_hours}
    return _(
        "%(share)s try the templates; %(hours)s after the last of them the one with the most %(goal)s is chosen, and"
        " the others get it at their own hour of the next day."
    ) % {"share": share, "hours": hours, "goal": goal}


def begins(campaign: Campaign) -> str:
    if campaign.starts_at is None or campaign.starts_at <= timezone.now():
        return _("The first messages are on their way.")
    return _("It begins %(when)s.") % {"when": moment(campaign.starts_at)}


def context(campaign: Campaign) -> dict[str, Any]:
    """Of the page of one that is launched."""
    has_begun = campaign.begun_at is not None
    figures = report.figures(campaign) if has_begun else {}
    steps = waterfall(campaign.sender) if has_begun else []
    return {
        "plan": plan(campaign),
        "report": figures,
        "progress": progress(campaign),
        "funnel": funnel(figures) if has_begun else [],
        "steps": steps,
        "drawing": drawn(steps),
        "sender_name": campaign.name,
        "known": dict(Template.objects.filter(key__in=campaign.templates).values_list("key", "name")),
    }


def progress(campaign: Campaign) -> dict[str, Any]:
    """How far it is; {} where it does not go on. `rest`: people who wait for the winner; `archived`: a segment
    that holds up the finding of people (engine.py)."""
    if campaign.status not in (Campaign.Status.SENDING, Campaign.Status.PAUSED):
        return {}
    waiting = Recipient.objects.filter(campaign=campaign)
    rest = waiting.filter(is_rest=True).count() if campaign.has_test and campaign.winner is None else 0
    return {
        "done": campaign.audience - waiting.count(),
        "total": campaign.audience,
        "is_complete": campaign.is_complete,
        "rest": rest,
        "next": queries.next_turn(campaign),
        "archived": None
        if campaign.is_complete
        else next((s for s in audience.unready(campaign) if s.archived_at), None),
    }


def funnel(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Delivered, opened, clicked, ordered: each with its share of those delivered."""
    numbers = figures["funnel"]
    delivered = numbers["delivered"]
    steps = (
        (_("Delivered"), delivered),
        (_("Opened"), numbers["opened"]),
        (_("Clicked"), numbers["clicked"]),
        (_("Ordered"), numbers["buyers"]),
    )
    return [{"words": words, "people": n, "share": min(1.0, n / delivered) if delivered else 0.0} for words, n in steps]
