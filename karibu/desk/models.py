"""What colleagues have to do for customers."""

from django.db import models


class Task(models.Model):
    """One thing to do about one person. `colleague` is whose it is, by e-mail; empty: anybody's."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)  # "journey:3:enrollment:17:step:2": the same key, the same task
    customer_id = models.BigIntegerField(db_index=True)
    title = models.CharField(max_length=200)
    colleague = models.CharField(max_length=254, blank=True)
    source = models.CharField(max_length=80, blank=True)  # "journey:3"
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="task_open", condition=models.Q(done_at=None)),
            models.Index(fields=["due_at", "id"], name="task_due"),
        ]
