"""What a colleague or the API does with a campaign. Each is one transaction with its line in the audit log."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from karibu.campaigns import moments, waiting, winner
from karibu.campaigns.check import faults
from karibu.campaigns.models import Campaign, Custom
from karibu.events.wake import wake
from karibu.web.actions import record
from karibu.web.models import User
from karibu.web.queries import shop

Status = Campaign.Status
PLAN = (
    "name", "include", "exclude", "holdout", "channel", "templates", "coupon_pool", "utm_campaign", "when", "day",
    "hour", "per_hour", "late_hours", "test_share", "test_hours", "goal", "window_days",
)  # fmt: skip


class NotNow(Exception):
    """The campaign is not in a state for this; the message says so as a sentence."""


def create(name: str, *, by: str, **plan: Any) -> Campaign:
    """A draft. Raises ValidationError naming the field."""
    campaign = Campaign(name=name, salt=secrets.token_hex(8), created_by=by, utm_campaign=slugify(name)[:100])
    _plan(campaign, plan)
    with transaction.atomic():
        campaign.save()
        record(by, "created campaign", f"campaign {campaign.pk}", name=name)
    return campaign


def edit(campaign: Campaign, *, by: str, **plan: Any) -> Campaign:
    """Changes a draft. Raises NotNow once it is launched, ValidationError naming the field."""
    with transaction.atomic():
        campaign = _locked(campaign, _("It is launched; what is planned stands."), Status.DRAFT)
        _plan(campaign, plan)
        campaign.save()
        record(by, "edited campaign", f"campaign {campaign.pk}", name=campaign.name)
    return campaign


def launch(campaign: Campaign, *, by: str, user: User | None = None, now: datetime | None = None) -> Campaign:
    """Lets it begin at its hour, or asks for a second person's approval where the owner wants that.

    Raises ValidationError for what cannot be sent, NotNow for one that is launched already.
    """
    now = now or timezone.now()
    with transaction.atomic():
        campaign = _locked(campaign, _("It is launched already."), Status.DRAFT)
        if found := faults(campaign, now):
            raise ValidationError(found)
        campaign.launched_at, campaign.launched_by, campaign.approved_by = now, by, ""
        if Custom.objects.filter(pk=1, needs_approval=True).exists():
            campaign.status = Status.AWAITING
        else:
            _schedule(campaign, now)
        campaign.save()
        record(by, "launched campaign", f"campaign {campaign.pk}", status=campaign.status)
    return campaign


def approve(campaign: Campaign, *, by: str, now: datetime | None = None) -> Campaign:
    """A second person lets it go. Raises NotNow for whoever launched it, unless they are the shop's only owner."""
    now = now or timezone.now()
    with transaction.atomic():
        campaign = _locked(campaign, _("It does not wait for approval."), Status.AWAITING)
        if by == campaign.launched_by and not is_only_owner(by):
            raise NotNow(_("You launched it yourself; somebody else has to approve it."))
        if found := faults(campaign, now):
            raise ValidationError(found)
        campaign.approved_by = by
        _schedule(campaign, now)
        campaign.save()
        record(by, "approved campaign", f"campaign {campaign.pk}", launched_by=campaign.launched_by)
    return campaign


def is_only_owner(email: str) -> bool:
    owners = User.objects.filter(role=User.Role.OWNER, is_active=True).values_list("email", flat=True)[:2]
    return list(owners) == [email]


def _schedule(campaign: Campaign, now: datetime) -> None:
    campaign.status = Status.SCHEDULED
    campaign.starts_at = moments.starts_at(campaign, now, shop().timezone)
    wake("campaigns")


def take_back(campaign: Campaign, *, by: str) -> Campaign:
    """Undoes a launch that nothing has come of yet: it is a draft again."""

    def undo(campaign: Campaign) -> None:
        campaign.status, campaign.starts_at, campaign.launched_at = Status.DRAFT, None, None

    gone = _("It has begun; it can be paused or cancelled.")
    return _turn(campaign, undo, gone, "took back campaign", by, Status.SCHEDULED, Status.AWAITING, Status.MISSED)


def pause(campaign: Campaign, *, by: str, now: datetime | None = None) -> Campaign:
    """From the commit on nobody more is written to; whoever was let in and not written to waits again."""

    def stop(campaign: Campaign) -> None:
        campaign.status, campaign.paused_at = Status.PAUSED, now or timezone.now()
        waiting.put_back(campaign)

    return _turn(campaign, stop, _("It is not being sent."), "paused campaign", by, Status.SENDING)


def resume(campaign: Campaign, *, by: str, now: datetime | None = None) -> Campaign:
    """Goes on where it was: what was planned is as much later as it stood still, and one with a pace keeps it.

    By people's own clocks an hour stays an hour: whose has long passed is not written to any more.
    """

    def go_on(campaign: Campaign) -> None:
        moment = now or timezone.now()
        goes_by_own_clocks = campaign.when in (Campaign.When.LOCAL, Campaign.When.BEST)
        if campaign.paused_at and (campaign.per_hour or not goes_by_own_clocks):
            campaign.shift += moment - campaign.paused_at
        campaign.status, campaign.paused_at, campaign.moved_at = Status.SENDING, None, moment
        wake("campaigns")

    return _turn(campaign, go_on, _("It is not paused."), "resumed campaign", by, Status.PAUSED)


def cancel(campaign: Campaign, *, by: str, now: datetime | None = None) -> Campaign:
    """For good: nobody more is written to. What has left has left; a draft stays in the list, to be copied."""

    def end(campaign: Campaign) -> None:
        campaign.status, campaign.finished_at = Status.CANCELLED, now or timezone.now()
        waiting.let_go(campaign, by=by)

    open_ = (Status.DRAFT, Status.AWAITING, Status.SCHEDULED, Status.SENDING, Status.PAUSED, Status.MISSED)
    return _turn(campaign, end, _("There is nothing to cancel."), "cancelled campaign", by, *open_)


def choose_winner(campaign: Campaign, arm: int, *, by: str, now: datetime | None = None) -> Campaign:
    """By hand; the rest of the audience gets this template. Raises NotNow once there is a winner."""

    def choose(campaign: Campaign) -> None:
        if campaign.winner is not None or not campaign.has_test or not 0 <= arm < len(campaign.templates):
            raise NotNow(_("There is no test to decide."))
        winner.choose(campaign, arm, now or timezone.now(), winner.results(campaign), by=by)
        wake("campaigns")

    return _turn(
        campaign, choose, _("It is not being sent."), "chose winner of campaign", by, Status.SENDING, Status.PAUSED
    )


def duplicate(campaign: Campaign, *, by: str) -> Campaign:
    """A draft with the same plan, without its day."""
    plan = {name: getattr(campaign, name) for name in PLAN if name not in ("name", "day", "utm_campaign")}
    return create(_("%(name)s, again") % {"name": campaign.name}, by=by, **plan)


def require_approval(needed: bool, *, by: str) -> None:
    with transaction.atomic():
        Custom.objects.update_or_create(pk=1, defaults={"needs_approval": needed})
        record(by, "changed approval of campaigns", "campaigns", needed=needed)


def _plan(campaign: Campaign, plan: dict[str, Any]) -> None:
    unknown = set(plan) - set(PLAN)
    assert not unknown, unknown
    for name, value in plan.items():
        setattr(campaign, name, value)
    campaign.clean_fields(exclude={field.name for field in Campaign._meta.fields} - set(PLAN))


def _locked(campaign: Campaign, otherwise: str, *states: str) -> Campaign:
    found = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if found.status not in states:
        raise NotNow(otherwise)
    return found


def _turn(
    campaign: Campaign, deed: Callable[[Campaign], None], otherwise: str, verb: str, by: str, *states: str
) -> Campaign:
    with transaction.atomic():
        found = _locked(campaign, otherwise, *states)
        deed(found)
        found.save()
        record(by, verb, f"campaign {found.pk}")
    return found
