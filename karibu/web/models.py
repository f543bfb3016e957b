"""People who sign in, and the keys that programs sign in with."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password) if password else user.set_unusable_password()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A colleague. Owner: everything. Marketer: all but settings and erasure. Agent: customers and conversations."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        MARKETER = "marketer", _("Marketer")
        AGENT = "agent", _("Agent")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.AGENT)
    is_active = models.BooleanField(_("active"), default=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=16, default="en")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    objects: ClassVar[Users] = Users()

    def __str__(self) -> str:
        return self.name or self.email


class Token(models.Model):
    """An API token, kept only as the SHA-256 of its text."""

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=20, choices=User.Role, default=User.Role.OWNER)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEntry(models.Model):
    """Who did what to which thing, when. Written in the transaction of the deed."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.CharField(max_length=254)  # an e-mail, "token NAME" or "system"
    verb = models.CharField(max_length=80)  # "merged customers", "created token"
    subject = models.CharField(max_length=200)  # "customer 17"
    detail = models.JSONField(default=dict)


class SignInAttempt(models.Model):
    """One failed try to sign in, kept for a quarter of an hour: `bucket` is a keyed hash of an address or a network."""

    bucket = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["bucket", "at"], name="sign_in_attempt_bucket")]


class Shop(models.Model):
    """The one shop of this installation: what pages and mails say about it. There is exactly one row (id 1)."""

    name = models.CharField(_("shop name"), max_length=200, default="My shop")
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    country = models.CharField(_("country"), max_length=2, blank=True)
    address = models.TextField(_("postal address"), blank=True)  # the law wants it under marketing mail
    sender_name = models.CharField(_("sender name"), max_length=200, blank=True)
    sender_email = models.EmailField(_("sender e-mail"), blank=True)
    reply_to = models.EmailField(_("answers go to"), blank=True)  # empty: to the sender
    unsubscribe_email = models.EmailField(_("unsubscribe by mail"), blank=True)  # empty: by link only
    url = models.URLField(_("web address"), blank=True)
