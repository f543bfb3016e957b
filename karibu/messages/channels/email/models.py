"""What e-mail keeps: keys to sign with, the mailbox that bounces come to, and what was reported of mails."""

from django.db import models


class SigningKey(models.Model):
    """One DKIM key. An open one signs what leaves in the name of its domain; a closed one stays as history."""

    id = models.BigAutoField(primary_key=True)
    domain = models.CharField(max_length=253)
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10)  # rsa ed25519
    sealed = models.BinaryField()  # web/sealed.py
    record = models.TextField()  # the text to publish at selector._domainkey.domain
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.CharField(max_length=254)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="signing_key_name"),
            models.UniqueConstraint(
                fields=["domain", "algorithm"], name="signing_key_in_use", condition=models.Q(closed_at=None)
            ),
        ]


class Report(models.Model):
    """What the world said of one mail after it had left. Each report counts once, however often it comes."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered"
        DEFERRED = "deferred"  # somebody still tries
        BOUNCED = "bounced"
        COMPLAINED = "complained"

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    message_id = models.BigIntegerField(null=True)  # Message.id, where it is known
    address = models.CharField(max_length=300)
    is_hard = models.BooleanField(default=False)  # bounced: the address itself is no good
    code = models.CharField(max_length=20, blank=True)  # RFC 3463: 5.1.1
    said = models.CharField(max_length=500, blank=True)
    via = models.CharField(max_length=40)  # mailbox, pipe, or the provider
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["message_id"], name="report_message"),
            models.Index(fields=["address", "-at"], name="report_address"),
        ]


class BounceBox(models.Model):
    """Where mail that could not be delivered comes back to (one row, id 1), and how far it has been read.

    `address` is where bounces go, with a signed word of each message in it (verp.py). Empty: to the sender's address.
    The place is UIDVALIDITY and UID (RFC 9051, 2.3.1.1): reading goes on behind it, however long it rested.
    """

    address = models.EmailField(blank=True)
    host = models.CharField(max_length=253, blank=True)  # of its IMAP server; empty: bounces are piped in, or nowhere
    port = models.IntegerField(default=993)
    is_encrypted = models.BooleanField(default=True)  # TLS from the start
    user = models.CharField(max_length=254, blank=True)
    sealed = models.BinaryField(default=b"")  # web/sealed.py: the password
    folder = models.CharField(max_length=200, default="INBOX")
    uid_validity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(default=0)  # read up to here
    read_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)


class Pace(models.Model):
    """How many mails a day may go to one domain: a plan that grows, so that it gets to know the sender (warm-up).

    `domain` is empty for every domain that has no plan of its own.
    """

    domain = models.CharField(max_length=253, unique=True, blank=True)
    first = models.IntegerField()  # on the first day
    growth = models.SmallIntegerField(default=30)  # percent more each day
    most = models.IntegerField(default=0)  # never more than these; 0: no end to the growth
    since = models.DateField()


class Departed(models.Model):
    """How many mails were let through to a domain that has a plan, on one day (UTC)."""

    domain = models.CharField(max_length=253)
    day = models.DateField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "day"], name="departed_key")]
