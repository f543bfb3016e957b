"""Where events come in: sources, the durable inbox, what was set aside, and which messages have been seen."""

from django.db import models


class Source(models.Model):
    """A place that sends events. The write key is public by nature (it stands in the shop's pages) and only lets in."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40, default="web")  # web app server import
    write_key = models.CharField(max_length=64, unique=True)
    # Whether a consent that comes with this key counts at once. A key that stands in pages is anybody's to use.
    believes_consents = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)  # to about a second; written apart from the events' transaction

    def __str__(self) -> str:
        return self.name


class InboxRow(models.Model):
    """Events that were answered 200 and are not yet worked on: a JSON array of the events as sent, one lane.

    Where several requests share a row, `source_id`, `received_at` and `skew_us` are those of the first; `body` has all.

    A lane is a hash of the person's key (lanes.py): one worker at a time drains a lane, in id order, so that
    one person's events take effect in the order received.
    """

    id = models.BigAutoField(primary_key=True)
    lane = models.SmallIntegerField()
    source_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    skew_us = models.BigIntegerField(default=0)  # added to each event's own time
    historical = models.BooleanField(default=False)
    import_id = models.BigIntegerField(default=0)
    events = models.IntegerField()  # how many stand in `body`
    body = models.BinaryField()  # see packing.py

    class Meta:
        indexes = [models.Index(fields=["lane", "id"], name="inbox_lane")]


class RejectedEvent(models.Model):
    """One event that could not be taken, whole, with the reason; visible at /events/rejected/ and retryable."""

    id = models.BigAutoField(primary_key=True)
    source_id = models.BigIntegerField()
    received_at = models.DateTimeField(db_index=True)
    field = models.CharField(max_length=200)
    reason = models.TextField()
    body = models.TextField()
    # As with InboxRow: an event that is tried again stays what it was.
    skew_us = models.BigIntegerField(default=0, db_default=0)
    historical = models.BooleanField(default=False, db_default=False)
    import_id = models.BigIntegerField(default=0, db_default=0)
    retried_at = models.DateTimeField(null=True)


class Keeping(models.Model):
    """For how long what was set aside stays (one row, id 1)."""

    rejected_days = models.PositiveSmallIntegerField(default=30)  # after an event was received


class Seen(models.Model):
    """The hash of a messageId that took effect. One table for each day in turn, see dedupe.py."""

    digest = models.UUIDField(primary_key=True)

    class Meta:
        abstract = True


class Seen0(Seen):
    pass


class Seen1(Seen):
    pass


class Seen2(Seen):
    pass
