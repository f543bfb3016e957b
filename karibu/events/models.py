"""PostgreSQL's part of the event log: the tail (not yet in the lake) and which lake version goes with it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class TailBlock(models.Model):
    """The events of one micro-batch as one Arrow IPC stream (schema.py), until they are flushed to the lake.

    `flush` is the number of the flush that took this block; null = not taken yet. Rows go away only in the
    transaction that confirms that flush (Lake.flush, Lake.version), so one SQL snapshot of Lake and the
    blocks is the exact log: no gap, no double.
    """

    id = models.BigAutoField(primary_key=True)
    flush = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    first_time = models.DateTimeField()
    last_time = models.DateTimeField()
    rows = models.IntegerField()
    step = models.SmallIntegerField(default=1)  # of the schema it was written at (schema.STEPS)
    customers = ArrayField(models.BigIntegerField())
    ipc = models.BinaryField()


class Lake(models.Model):
    """One row (id 1): the last confirmed flush and the Delta version that readers must open with the tail."""

    flush = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=-1)
    step = models.SmallIntegerField(default=0)  # of the schema that the lake's table is at; 0 = no table yet
    trouble = models.TextField(blank=True)  # why the last write to the lake failed, in one sentence
    trouble_since = models.DateTimeField(null=True)
    compacted_at = models.DateTimeField(null=True)


class EventCount(models.Model):
    """Events per hour, lane, source and name, counted in the transaction that took them: exact and instant.

    Lane -1 holds what was taken out again (erased people, undone imports) as negative counts,
    lane -2 what Karibu wrote itself (made.py).
    """

    id = models.BigAutoField(primary_key=True)
    hour = models.DateTimeField()
    lane = models.SmallIntegerField()
    source = models.CharField(max_length=200)
    channel = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "name", "source", "channel", "lane"], name="event_count_key")
        ]
