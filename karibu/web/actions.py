"""Letting people and programs in."""

import hashlib
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from karibu.web.models import AuditEntry, Token, User

SIGN_IN_SALT = "sign-in"
SIGN_IN_AGE = 24 * 3600  # seconds


def create_user(email: str, *, role: str = User.Role.OWNER, by: str = "system") -> User:
    """Makes the user of this address, or finds the one that exists."""
    found = User.objects.filter(email=email.strip().lower()).first()
    if found:
        return found
    with transaction.atomic():
        user = User.objects.create_user(email, role=role)
        record(by, "created user", f"user {user.pk}", role=role)
    return user


def sign_in_path(user: User) -> str:
    """A path that signs `user` in once within a day. It dies with the next sign-in and with a new password."""
    return f"/sign-in/{signing.dumps([user.pk, _stamp(user)], salt=SIGN_IN_SALT)}/"


def _stamp(user: User) -> str:
    """Says nothing, and changes with every sign-in and every password."""
    last = user.last_login.isoformat() if user.last_login else ""
    return str(salted_hmac(SIGN_IN_SALT, f"{last} {user.password}", algorithm="sha256").hexdigest()[:24])


def sign_in_link(user: User) -> str:
    return (settings.KARIBU_PUBLIC_URL or settings.KARIBU_SERVED_URL) + sign_in_path(user)


def user_of_link(token: str, *, lock: bool = False) -> User | None:
    """Whom the link signs in, or None where it is wrong, used, older than a day or its user may not sign in.

    With `lock` (inside a transaction) nobody else can use the same link meanwhile.
    """
    try:
        key, stamp = signing.loads(token, salt=SIGN_IN_SALT, max_age=SIGN_IN_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    users = User.objects.select_for_update() if lock else User.objects
    user = users.filter(pk=key, is_active=True).first()
    return user if user and constant_time_compare(str(stamp), _stamp(user)) else None


def send_sign_in_link(email: str, send: Callable[[str, str, str], None]) -> None:
    """Mails the colleague of this address a link; says nothing about whether there is one."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        return
    words = _("With this link you sign in to Karibu, once and within a day. If you did not ask for it, do nothing.")
    send(user.email, _("Your sign-in link"), f"{words}\n\n{sign_in_link(user)}\n")


def change_role(user: User, role: str, *, by: str) -> None:
    """Raises LastOwner when nobody would be left who may do everything."""
    with transaction.atomic():
        if role != User.Role.OWNER:
            _keep_an_owner(user)
        record(by, "changed role", f"user {user.pk}", before=user.role, after=role)
        User.objects.filter(pk=user.pk).update(role=role)


def deactivate(user: User, *, by: str) -> None:
    """They are signed out at once and cannot sign in; what they did stays. Raises LastOwner."""
    with transaction.atomic():
        _keep_an_owner(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        record(by, "deactivated user", f"user {user.pk}")


def reactivate(user: User, *, by: str) -> None:
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=True)
        record(by, "reactivated user", f"user {user.pk}")


class LastOwner(Exception):
    """The deed would leave the shop without an owner."""


def _keep_an_owner(user: User) -> None:
    owners = list(User.objects.select_for_update().filter(role=User.Role.OWNER, is_active=True).values_list("pk"))
    if owners == [(user.pk,)]:
        raise LastOwner


def create_token(name: str, *, role: str = User.Role.OWNER, by: str = "system") -> str:
    """Returns the token's text, which is stored nowhere."""
    text = "kt_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = Token.objects.create(name=name, digest=digest(text), role=role)
        record(by, "created token", f"token {token.pk}", name=name)
    return text


def revoke_token(token: Token, *, by: str) -> None:
    """From now on every call with it is refused."""
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        record(by, "revoked token", f"token {token.pk}", name=token.name)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record(actor: str, verb: str, subject: str, **detail: object) -> None:
    """Adds a line to the audit log; call it inside the transaction of the deed."""
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, detail=detail)
