"""Journeys (what should happen) and enrollments (one person's way through one, under one key)."""

from django.db import models


class Journey(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft"
        LIVE = "live"
        PAUSED = "paused"

    name = models.CharField(max_length=200)
    recipe = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    definition = models.JSONField(default=dict)  # see definition.py
    version = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)


class Version(models.Model):
    """A definition as it was published; an enrollment keeps to the version it entered under."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    definition = models.JSONField()
    published_at = models.DateTimeField(auto_now_add=True)
    published_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "number"], name="version_key")]


class Enrollment(models.Model):
    """One run through a journey, unique on (journey, customer, key): key is the cart id for an abandoned cart."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        FINISHED = "finished"
        LEFT = "left"
        FAILED = "failed"  # set aside with its reason; retryable

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="enrollments")
    version = models.IntegerField()
    customer_id = models.BigIntegerField(db_index=True)
    key = models.CharField(max_length=200)
    run = models.IntegerField(default=1)  # counts re-entries under the same key
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(max_length=200, blank=True)
    step = models.IntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    context = models.JSONField(default=dict)
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "customer_id", "key", "run"], name="enrollment_key")]
        indexes = [
            models.Index(fields=["due_at"], name="enrollment_due", condition=models.Q(status="active")),
            models.Index(fields=["journey", "key"], name="enrollment_by_key", condition=models.Q(status="active")),
        ]


class Passage(models.Model):
    """One step that one enrollment went through, and what came of it: the journey's own history."""

    id = models.BigAutoField(primary_key=True)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="passages")
    step = models.IntegerField()
    kind = models.CharField(max_length=30)
    outcome = models.CharField(max_length=200)
    at = models.DateTimeField()
