"""What every call of `/api/v1` stands on: who may call, how errors look.

A call is allowed by a bearer token or, for Karibu's own pages, by the session (then with the CSRF token).
Roles are asked for as in pages: `@access.allow("marketer")` under the route's decorator.
"""

import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import NinjaAPI, Router, Schema
from ninja.security import HttpBearer, SessionAuth

from karibu.web import problems
from karibu.web.access import actor, role_of
from karibu.web.actions import digest
from karibu.web.models import Token

USED_AT_MOST_EVERY = datetime.timedelta(minutes=1)


class BearerToken(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Token | None:
        found = Token.objects.filter(digest=digest(token), revoked_at=None).first()
        if found is None:
            return None
        request.karibu_token = found  # type: ignore[attr-defined]
        _note_use(found)
        return found


def _note_use(token: Token) -> None:
    """Once a minute is enough to see which tokens are alive, and spares a write with each call."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_AT_MOST_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_AT_MOST_EVERY)
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)


class SignedIn(SessionAuth):
    """The session of a colleague who is signed in; writes need the CSRF token."""

    def __call__(self, request: HttpRequest) -> Any:
        # A stranger is told to sign in, not that a form has expired.
        return super().__call__(request) if request.user.is_authenticated else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None


class Me(Schema):
    """Who calls, and with which role."""

    name: str
    role: str


router = Router(tags=["access"])


@router.get("/me", response=Me)
def me(request: HttpRequest) -> dict[str, str]:
    return {"name": actor(request), "role": role_of(request)}


def build() -> NinjaAPI:
    """The API without any router yet."""
    made = NinjaAPI(
        title="Karibu", version="1", urls_namespace="api", docs_url=None, auth=[BearerToken(), SignedIn()],
        description="The customer system of a shop. Errors are RFC 9457 problem documents; lists page by cursor.",
    )  # fmt: skip
    problems.install(made)
    made.add_router("", router)
    return made
