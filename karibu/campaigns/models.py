"""A campaign, and the people of its audience who have not been written to yet."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

REST, HOLDOUT = -1, -2  # arms of a recipient: gets whatever wins the test; is not written to
LETTERS = "ABCDEFGH"


class Campaign(models.Model):
    """One send to many people. What is planned is fixed by `launch`; until then it is a draft."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        AWAITING = "awaiting", _("Awaits approval")
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")
        MISSED = "missed", _("Missed its hour")

    class When(models.TextChoices):
        NOW = "now", _("At once")
        AT = "at", _("At one moment for everybody, by the shop's clock")
        LOCAL = "local", _("At that hour of each person's own clock")
        BEST = "best", _("On that day, at the hour when each person tends to read")

    class Goal(models.TextChoices):
        ORDERS = "orders", _("orders")
        CLICKS = "clicks", _("clicks")
        OPENS = "opens", _("opens")

    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    # who
    include = ArrayField(models.BigIntegerField(), default=list, blank=True)  # segments; none: everybody who is known
    exclude = ArrayField(models.BigIntegerField(), default=list, blank=True)
    holdout = models.SmallIntegerField(default=10)  # percent who are not written to, to compare with
    # what
    channel = models.CharField(max_length=20, default="email")  # that of its templates
    templates = ArrayField(models.CharField(max_length=80), default=list, blank=True)  # keys; A, B, C in this order
    coupon_pool = models.ForeignKey("shop.CouponPool", models.PROTECT, null=True, blank=True)
    utm_campaign = models.CharField(max_length=100, blank=True)  # added to links into the shop; empty: nothing is
    # when
    when = models.CharField(max_length=6, choices=When, default=When.NOW)
    day = models.DateField(null=True, blank=True)
    hour = models.TimeField(null=True, blank=True)
    per_hour = models.PositiveIntegerField(null=True, blank=True)  # at most so many an hour
    late_hours = models.SmallIntegerField(default=24)  # whoever cannot be written to so soon is not written to at all
    # a test first
    test_share = models.SmallIntegerField(null=True, blank=True)  # percent of the audience; null: all at once
    test_hours = models.SmallIntegerField(null=True, blank=True)  # then the winner is chosen; null: by hand
    goal = models.CharField(max_length=6, choices=Goal, default=Goal.CLICKS)
    winner = models.SmallIntegerField(null=True)  # index into templates
    winner_at = models.DateTimeField(null=True)
    winner_why = models.JSONField(default=dict)  # {"by": …, "probability": 0.97, "rates": […]}
    window_days = models.SmallIntegerField(default=5)  # orders so long after a person's turn count in the report
    # how it goes
    salt = models.CharField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=254, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    launched_at = models.DateTimeField(null=True)
    launched_by = models.CharField(max_length=254, blank=True)
    approved_by = models.CharField(max_length=254, blank=True)
    starts_at = models.DateTimeField(null=True)  # when the first of its people may be due
    begun_at = models.DateTimeField(null=True)
    cursor = models.BigIntegerField(default=0)  # the last customer that was looked at for the audience
    audience = models.IntegerField(default=0)  # people found so far
    tested = models.IntegerField(default=0)  # of these, whoever does not wait for a winner
    is_complete = models.BooleanField(default=False)  # everybody was looked at
    tested_at = models.DateTimeField(null=True)  # when the last of the test's people had their turn
    rest_wait = models.DurationField(default=timedelta)  # how much later than planned the rest's turns are, by the test
    moved_at = models.DateTimeField(null=True)  # the last time that something was done for it
    paused_at = models.DateTimeField(null=True)
    shift = models.DurationField(default=timedelta)  # how long a throttled one stood still
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["status", "starts_at"], name="campaign_status"),
            models.Index(fields=["-id"], name="campaign_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/campaigns/{self.pk}/"

    @property
    def sender(self) -> str:
        """As messages name it."""
        return f"campaign:{self.pk}"

    @property
    def has_test(self) -> bool:
        """Whether some of the people show which of several templates the others get."""
        return len(self.templates) > 1 and bool(self.test_share)

    @property
    def late(self) -> timedelta:
        return timedelta(hours=self.late_hours)

    def due(self, at: datetime, *, rest: bool = False) -> datetime:
        """A planned moment as it is after pauses; `rest`: of somebody who waited for the winner."""
        return at + self.shift + (self.rest_wait if rest else timedelta())

    def arms(self) -> list[dict[str, Any]]:
        return [{"arm": n, "letter": LETTERS[n], "template": key} for n, key in enumerate(self.templates)]


class Recipient(models.Model):
    """A person of a campaign's audience whose turn has not come. Its row goes as their message is intended."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="recipients", db_index=False)
    customer_id = models.BigIntegerField(db_index=True)
    arm = models.SmallIntegerField()  # index into templates, REST or HOLDOUT
    is_rest = models.BooleanField()
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["campaign", "is_rest", "due_at", "id"], name="recipient_due")]


class Custom(models.Model):
    """How this shop launches campaigns (one row, id 1)."""

    needs_approval = models.BooleanField(default=False)
