"""Letting people and programs in."""

import hashlib
import secrets

from django.conf import settings
from django.core import signing
from django.db import transaction

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
    """A path that signs `user` in once within a day. It dies with the next sign-in (last_login is part of it)."""
    stamp = user.last_login.isoformat() if user.last_login else ""
    return f"/sign-in/{signing.dumps([user.pk, stamp], salt=SIGN_IN_SALT)}/"


def sign_in_link(user: User) -> str:
    return (settings.KARIBU_PUBLIC_URL or "http://127.0.0.1:8000") + sign_in_path(user)


def create_token(name: str, *, role: str = User.Role.OWNER, by: str = "system") -> str:
    """Returns the token's text, which is stored nowhere."""
    text = "kt_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = Token.objects.create(name=name, digest=digest(text), role=role)
        record(by, "created token", f"token {token.pk}", name=name)
    return text


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def record(actor: str, verb: str, subject: str, **detail: object) -> None:
    """Adds a line to the audit log; call it inside the transaction of the deed."""
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, detail=detail)
