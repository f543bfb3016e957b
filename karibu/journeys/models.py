"""Journeys (what should happen) and enrollments (one person's way through one, under one key)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Journey(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")  # nobody enters, nobody moves; leaving is always possible

    name = models.CharField(max_length=200)
    recipe = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    definition = models.JSONField(default=dict)  # what is being edited; see definition.py
    earlier = models.JSONField(default=list)  # what the draft was before its last changes, oldest first: to undo them
    version = models.IntegerField(default=0)  # the published one; 0 = none yet
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


AT_THE_DOOR = -1  # a step before the first


class Enrollment(models.Model):
    """One run of one person through a journey, under a key: the cart id for an abandoned cart.

    `slot` is what only one run at a time can have: the key itself where it belongs to one person at a time (a cart),
    else the customer as known at entry with the key. It never changes, so that a merge of customers breaks nothing.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Inside")
        FINISHED = "finished", _("Finished")
        LEFT = "left", _("Left")
        FAILED = "failed", _("Set aside")  # with its reason; retryable
        HELD = "held", _("Held out")  # by chance, at the door: compared with, and nothing else (draw.py)

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    version = models.IntegerField()
    customer_id = models.BigIntegerField(db_index=True)
    key = models.CharField(max_length=200, blank=True)
    slot = models.CharField(max_length=240)
    run = models.IntegerField(default=1)  # counts re-entries in the same slot
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    reason = models.CharField(max_length=300, blank=True)
    step = models.IntegerField(default=0)  # AT_THE_DOOR: its filter and its holdout have not been asked yet
    arrived_at = models.DateTimeField()  # at this step; a wait for quiet moves it with each further event
    due_at = models.DateTimeField(null=True)  # when the step is taken; null when the run is over
    context = models.JSONField(default=dict)  # what the entry's event said; messages see it
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    converted_at = models.DateTimeField(null=True)  # when the journey's goal was reached, inside or soon after

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slot", "journey", "run"], name="enrollment_slot")]
        indexes = [
            models.Index(fields=["journey", "due_at"], name="enrollment_due", condition=models.Q(status="active")),
            models.Index(fields=["journey", "-id"], name="enrollment_newest"),
            models.Index(fields=["journey", "status", "version", "step"], name="enrollment_stands"),
        ]


class Passage(models.Model):
    """One step that one enrollment went through, and what came of it: the journey's own history."""

    id = models.BigAutoField(primary_key=True)
    # Without a constraint: it would look each enrollment up again for each step that is written.
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, related_name="passages", db_constraint=False)
    journey_id = models.BigIntegerField()
    version = models.IntegerField()
    step = models.IntegerField()
    kind = models.CharField(max_length=30)
    outcome = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["journey_id", "version", "step"], name="passage_place")]


class Clock(models.Model):
    """How far a journey whose door is a date or a schedule has looked: each moment is looked at once.

    While a `slot` of a schedule is being taken in, `cursor` is the last member who was.
    """

    journey = models.OneToOneField(Journey, on_delete=models.CASCADE, primary_key=True)
    looked_until = models.DateTimeField()
    slot = models.DateTimeField(null=True)
    cursor = models.BigIntegerField(default=0)


class ProductChange(models.Model):
    """A product whose price or properties changed, and journeys have not looked at yet. A trigger writes these."""

    id = models.BigAutoField(primary_key=True)
    product_id = models.CharField(max_length=200)
    price_before = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    price = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency_before = models.CharField(max_length=3)
    currency = models.CharField(max_length=3)
    properties_before = models.JSONField()
    properties = models.JSONField()
    at = models.DateTimeField()


class StockChange(models.Model):
    """That a product had another stock from then on, as stock.summary says it: what rehearsals know of the past's."""

    id = models.BigAutoField(primary_key=True)
    product_id = models.CharField(max_length=200)
    at = models.DateTimeField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="stock_change_at")]


class Turnstile(models.Model):
    """When the next turn of a step is free that lets only so many people an hour pass (steps/rate.py)."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, db_index=False)
    step = models.IntegerField()
    free_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "step"], name="turnstile_key")]


class Contest(models.Model):
    """An experiment that is decided. `why` is each way as it was then: people, hits, chance (contests.Result)."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, db_index=False)
    version = models.IntegerField()
    step = models.IntegerField()
    winner = models.CharField(max_length=40)
    why = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "version", "step"], name="contest_key")]


class Call(models.Model):
    """One run that waits for the answer of a program of the shop's own; the row goes when it is over (calls.py)."""

    id = models.BigAutoField(primary_key=True)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.CASCADE, db_index=False)
    journey_id = models.BigIntegerField()
    step = models.IntegerField()
    url = models.CharField(max_length=2000)
    body = models.TextField()
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrollment", "step"], name="call_key")]


class Rehearsal(models.Model):
    """A journey told over the past (rehearsal/). `result` is in numbers alone, see rehearsal/tally.py."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting for its turn")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped")  # what it had come to stands in the result
        FAILED = "failed", _("Failed")

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="rehearsals")
    definition = models.JSONField()  # as the draft was then
    since = models.DateTimeField()
    until = models.DateTimeField()
    everybody = models.BooleanField(default=False)  # else some stand for all, where very much happened
    # The segment whose members are put in, where the log cannot say who was: by hand, by a prediction.
    stand_in = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    reason = models.CharField(max_length=300, blank=True)  # why it failed
    done = models.IntegerField(default=0)  # events told again
    total = models.IntegerField(null=True)  # None: the log is being read
    result = models.JSONField(default=dict)
    by = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)


class Rehearsed(models.Model):
    """One of those who would have entered, as an example; `ways` are the steps they would have gone through."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="people")
    customer_id = models.BigIntegerField(db_index=True)
    key = models.CharField(max_length=200, blank=True)
    entered_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Enrollment.Status)
    reason = models.CharField(max_length=300, blank=True)
    ways = models.JSONField(default=list)  # [[position, outcome], …]
    messages = models.IntegerField(default=0)  # that would have left
