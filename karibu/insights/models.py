"""Which message earned which order; what the home page shows at once without reading the log."""

from django.db import models


class Attribution(models.Model):
    """Last touch: the latest human click within 5 days before the order (config: WINDOW in attribution.py)."""

    id = models.BigAutoField(primary_key=True)
    order_id = models.CharField(max_length=200, unique=True)
    message_id = models.BigIntegerField(null=True)
    sender = models.CharField(max_length=80, db_index=True)  # as Message.sender
    channel = models.CharField(max_length=20)
    customer_id = models.BigIntegerField(db_index=True)
    clicked_at = models.DateTimeField()
    ordered_at = models.DateTimeField(db_index=True)
    revenue = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3)


class VisitorDay(models.Model):
    """How many people came on one day of one zone, counted in the log while the day had `events` events."""

    id = models.BigAutoField(primary_key=True)
    zone = models.CharField(max_length=64)
    day = models.DateField()
    events = models.BigIntegerField()
    visitors = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "day"], name="visitor_day_key")]


class LaneMoments(models.Model):
    """The last few things people did in one lane of the pipeline, for whoever opens the home page next.

    `moments` holds what NOTIFY announced: ids and times, no personal data. A lane has one worker at a time, so
    its row is never fought over.
    """

    lane = models.SmallIntegerField(primary_key=True)
    moments = models.JSONField(default=list)
