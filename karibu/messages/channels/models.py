"""What channels keep: accounts at providers, receipts of what was handed over, what people wrote back."""

from functools import cached_property

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from karibu.web import sealed


class Account(models.Model):
    """One connection to a provider of one channel. An open one is in use; a closed one stays as history."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)  # sms whatsapp push telegram, or social
    provider = models.CharField(max_length=30)
    name = models.CharField(max_length=200, blank=True)  # as the provider calls it: a number, a page, a bot
    settings = models.JSONField(default=dict)  # what is no secret: {"from": "+250...", "base_url": "https://..."}
    sealed = models.BinaryField(default=b"")  # web/sealed.py
    token = models.CharField(max_length=64, unique=True)  # in the address that the provider calls
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.CharField(max_length=254)
    closed_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)  # the last call of the provider that was genuine
    trouble = models.CharField(max_length=500, blank=True)  # why nothing leaves, in the provider's words
    trouble_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], name="account_in_use", condition=Q(closed_at=None) & ~Q(kind="social")
            )
        ]

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Raises sealed.CannotOpen."""
        return sealed.unseal(self.sealed)

    @property
    def base_url(self) -> str:
        return str(self.settings.get("base_url", "")).rstrip("/")


class Receipt(models.Model):
    """What a provider said of a message it took: its own id for it, and how far it came."""

    class State(models.TextChoices):
        ACCEPTED = "accepted"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"

    message_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    provider_id = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.ACCEPTED)
    parts = models.SmallIntegerField(default=1)  # what an SMS was billed as
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["provider_id"], name="receipt_provider")]


class Inbound(models.Model):
    """What somebody wrote to us. Each message of a provider is here once, however often it was delivered.

    `reply` is what we answer by ourselves (to STOP, START and HELP), at most once (replies.py).
    """

    class Reply(models.TextChoices):
        WANTED = "wanted"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=20)  # the channel
    provider_id = models.CharField(max_length=200)
    customer_id = models.BigIntegerField(default=0)  # 0: nobody we know has this address
    address = models.CharField(max_length=300)
    name = models.CharField(max_length=200, blank=True)  # what the sender calls themselves
    type = models.CharField(max_length=30, default="text")  # text image button reaction ...
    text = models.TextField(blank=True)
    payload = models.JSONField(default=dict)  # as the provider sent it, where it is more than a text
    answers = models.CharField(max_length=200, blank=True)  # provider_id of the message it replies to
    keyword = models.CharField(max_length=5, blank=True)  # stop start help
    reply = models.TextField(blank=True)
    reply_state = models.CharField(max_length=8, blank=True, choices=Reply)
    replied_at = models.DateTimeField(null=True)  # taken up, then done
    at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "provider_id"], name="inbound_key")]
        indexes = [
            models.Index(fields=["customer_id", "-at"], name="inbound_customer"),
            models.Index(fields=["kind", "address", "-at"], name="inbound_address"),
            models.Index(fields=["id"], name="inbound_reply", condition=Q(reply_state__in=["wanted", "sending"])),
        ]


class Subscription(models.Model):
    """A browser (push) or a chat (telegram) in which a customer lets us write to them; one may have several."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    endpoint = models.TextField()  # a push service's address for one browser, or a chat's number
    digest = models.CharField(max_length=64)  # SHA-256 of the endpoint: addresses may be long
    customer_id = models.BigIntegerField()
    keys = models.JSONField(default=dict)  # push: {"p256dh", "auth"}, as the browser made them
    since = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)  # the service says that it does not exist any more, or they left

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "digest"], name="subscription_key")]
        indexes = [models.Index(fields=["customer_id", "kind"], name="subscription_customer")]


class WhatsAppTemplate(models.Model):
    """A template as WhatsApp knows it. Only an approved one may be sent to who has not written within a day."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, db_index=False)
    remote_id = models.CharField(max_length=64)
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    category = models.CharField(max_length=20, blank=True)  # MARKETING UTILITY AUTHENTICATION
    status = models.CharField(max_length=30)  # APPROVED PENDING REJECTED PAUSED DISABLED ...
    reason = models.CharField(max_length=500, blank=True)
    quality = models.CharField(max_length=20, blank=True)  # GREEN YELLOW RED
    components = models.JSONField(default=list)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name", "language"], name="whatsapp_template_key")]

    @property
    def is_approved(self) -> bool:
        return self.status == "APPROVED"


class Post(models.Model):
    """A word to everybody on a social network: a row first, sent at its hour, at most once by itself."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENDING = "sending", _("Being posted")
        SENT = "sent", _("Posted")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    text = models.TextField()
    due_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNED)
    detail = models.CharField(max_length=500, blank=True)
    claimed_at = models.DateTimeField(null=True)  # the first try
    tried_at = models.DateTimeField(null=True)  # the latest
    sent_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="post_due", condition=Q(status__in=["planned", "sending"])),
        ]


class Webhook(models.Model):
    """An address that wants to hear of events. It may be resting (it does not answer) or disabled (for days)."""

    id = models.BigAutoField(primary_key=True)
    url = models.TextField()
    names = models.JSONField(default=list)  # of events; empty: all
    sealed = models.BinaryField()  # the secret that deliveries are signed with
    made_by = models.CharField(max_length=254)
    made_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)  # in a row
    rests_until = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=500, blank=True)

    @cached_property
    def secret(self) -> str:
        """Raises sealed.CannotOpen."""
        return sealed.unseal(self.sealed)["secret"]


class Outgoing(models.Model):
    """The events of one batch that some webhook wants, until they are deliveries."""

    id = models.BigAutoField(primary_key=True)
    events = models.IntegerField()
    body = models.BinaryField()


class Delivery(models.Model):
    """One event for one webhook, and what came of it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        GIVEN_UP = "given_up", _("Given up")

    id = models.BigAutoField(primary_key=True)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, db_index=False)
    event = models.CharField(max_length=300)  # its message id
    customer_id = models.BigIntegerField(default=0)
    name = models.CharField(max_length=200)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    answer_status = models.SmallIntegerField(null=True)  # of HTTP; 0: no answer
    answer = models.CharField(max_length=500, blank=True)
    took_ms = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="delivery_key")]
        indexes = [
            models.Index(fields=["webhook", "due_at"], name="delivery_due", condition=Q(status="waiting")),
            models.Index(fields=["webhook", "-id"], name="delivery_webhook"),
            models.Index(fields=["customer_id"], name="delivery_customer"),
            models.Index(fields=["done_at"], name="delivery_done", condition=Q(done_at__isnull=False)),
        ]
