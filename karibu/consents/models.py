"""Who agreed to receive what, and which addresses are never written to again. Both are ledgers: rows are only added."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from karibu.consents.methods import Basis, Method


class Consent(models.Model):
    """One statement about one person, channel and topic. The gate reads the one in force (see queries.py)."""

    class Status(models.TextChoices):
        GIVEN = "given", _("agreed")
        WITHDRAWN = "withdrawn", _("withdrew")
        PENDING = "pending", _("has yet to confirm")  # said by who may be anybody: counts for nothing (confirming.py)

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=20)  # email sms whatsapp push ...
    topic = models.CharField(max_length=40, default="offers")
    status = models.CharField(max_length=10, choices=Status)
    method = models.CharField(max_length=30, choices=Method)
    basis = models.CharField(max_length=30, choices=Basis, default=Basis.CONSENT)
    wording = models.TextField(blank=True)  # what they were shown when they said it
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
    """An address that gets nothing, whoever it belongs to. No import revives it.

    `unsubscribed` stops marketing alone, until the person agrees anew by an act of their own. The others stop
    everything.
    """

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce", _("nobody can be reached there")
        COMPLAINT = "complaint", _("a message was reported as spam")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed from all marketing")
        MANUAL = "manual", _("blocked by a colleague")

    id = models.BigAutoField(primary_key=True)
    channel = models.CharField(max_length=20)
    value = models.CharField(max_length=300)  # the normalised address
    reason = models.CharField(max_length=20, choices=Reason)
    at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, db_default="")  # a colleague, or what told of it
    note = models.CharField(max_length=300, blank=True, db_default="")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=254, blank=True)
    lifted_because = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["channel", "value"], name="suppression_value"),
            models.Index(fields=["-at", "-id"], name="suppression_at"),
        ]


class Topic(models.Model):
    """What kind of messages a consent covers. `key` never changes: consents and templates name it."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    texts = models.JSONField(default=dict, blank=True)  # {"sw": {"name": "…", "description": "…"}}
    is_default = models.BooleanField(default=False)  # forms offer it ticked, where the law lets them
    place = models.SmallIntegerField(default=0)  # in the order in which people see them
    closed_at = models.DateTimeField(null=True)  # nobody is asked for it any more; what was said stays

    def __str__(self) -> str:
        return self.name


class ErasedIdentity(models.Model):
    """A salted hash of an identifier of an erased person: events and imports that carry it are refused."""

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()


class Erasure(models.Model):
    """One erasure and how far it is. `person` says who it is about until it is done; then only numbers remain.

    With `keeps_numbers` the person is made anonymous instead: what they did stays, without them, and they may come
    back as somebody new; `shut` are the digests of theirs that are refused only until it is done.
    """

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(db_index=True)
    by = models.CharField(max_length=254)
    begun_at = models.DateTimeField()
    touched_at = models.DateTimeField()  # the last step; who died leaves it behind
    done_at = models.DateTimeField(null=True)
    person = models.JSONField(default=dict)  # {"identifiers": [...], "names": [...]}
    counts = models.JSONField(default=dict)  # {"events": 120, "mails": 3}
    keeps_numbers = models.BooleanField(default=False, db_default=False)
    shut = models.JSONField(default=list, db_default=[])

    class Meta:
        indexes = [models.Index(fields=["touched_at"], name="erasure_open", condition=models.Q(done_at=None))]


class Confirmation(models.Model):
    """A question put to an address: is it you who agreed to this, or who wants to be written to here?

    `evidence` is what came with the asking, `confirmed` what came with the answer: no more of an IP address than its
    network. A row without `sent_at` was not sent, since the address had been asked often enough.
    """

    class Kind(models.TextChoices):
        CONSENT = "consent"
        ADDRESS = "address"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    customer_id = models.BigIntegerField(db_index=True)
    address = models.CharField(max_length=300)  # normalised; whom the question goes to
    consents = models.JSONField(default=list)  # [["email", "offers"], ...]
    source = models.CharField(max_length=200)
    wording = models.TextField(blank=True)
    origin = models.CharField(max_length=80, blank=True)  # who asked, for those that follow (confirming.follow)
    evidence = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["address", "-asked_at"], name="confirmation_address")]


class Pause(models.Model):
    """A person asked for silence for a while: no marketing until then, on any channel. Rows are only added."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    at = models.DateTimeField()
    until = models.DateTimeField()  # a later row with an earlier `until` ends the pause

    class Meta:
        indexes = [models.Index(fields=["customer_id", "-id"], name="pause_customer")]


class Rhythm(models.Model):
    """How often a person wants to hear from the shop: marketing at most once in so many days, on all channels
    together. Rows are only added; the latest counts, and 0 days mean that they leave it to the shop."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    at = models.DateTimeField()
    days = models.SmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["customer_id", "-id"], name="rhythm_customer")]


class Retention(models.Model):
    """A rule that the shop set: for how many days a class of data is kept (retention.py). Null: without end."""

    key = models.CharField(max_length=40, unique=True)
    days = models.PositiveIntegerField(null=True)
