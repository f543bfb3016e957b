"""Who agreed to receive what, and which addresses are never written to again. Both are ledgers: rows are only added."""

from django.db import models


class Consent(models.Model):
    """One statement about one person, channel and topic. The gate reads the one in force (see queries.py)."""

    class Status(models.TextChoices):
        GIVEN = "given"
        WITHDRAWN = "withdrawn"

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=20)  # email sms whatsapp push ...
    topic = models.CharField(max_length=40, default="offers")
    status = models.CharField(max_length=10, choices=Status)
    method = models.CharField(max_length=30)  # checkout form import agent one-click preference-centre complaint api
    basis = models.CharField(max_length=30, default="consent")  # GDPR art. 6 / LGPD art. 7
    wording = models.TextField(blank=True)
    source = models.CharField(max_length=200)
    strength = models.SmallIntegerField()
    evidence = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer_id", "channel", "topic", "-at"], name="consent_in_force"),
            models.Index(fields=["import_id"], name="consent_import", condition=models.Q(import_id__isnull=False)),
        ]


class Suppression(models.Model):
    """An address that gets nothing (of a class), whoever it belongs to. No import revives it."""

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce"
        COMPLAINT = "complaint"
        UNSUBSCRIBED = "unsubscribed"
        MANUAL = "manual"
        ERASED = "erased"  # value is a salted hash: the person may not come back by any door

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=20)
    value = models.CharField(max_length=300)  # the normalised address, or its salted hash
    is_hashed = models.BooleanField(default=False)
    reason = models.CharField(max_length=20, choices=Reason)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [models.Index(fields=["channel", "value"], name="suppression_value")]


class ErasedIdentity(models.Model):
    """A salted hash of an identifier of an erased person: events and imports that carry it are refused."""

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()


class Erasure(models.Model):
    """One erasure and how far it is. `person` says who it is about until it is done; then only numbers remain."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(db_index=True)
    by = models.CharField(max_length=254)
    begun_at = models.DateTimeField()
    touched_at = models.DateTimeField()  # the last step; who died leaves it behind
    done_at = models.DateTimeField(null=True)
    person = models.JSONField(default=dict)  # {"identifiers": [...], "names": [...]}
    counts = models.JSONField(default=dict)  # {"events": 120, "mails": 3}

    class Meta:
        indexes = [models.Index(fields=["touched_at"], name="erasure_open", condition=models.Q(done_at=None))]
