"""A word to everybody on a social network: planned as a row, posted at its hour. Campaigns and pages call this."""

import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from karibu.events.wake import wake
from karibu.messages.channels.models import Account, Post
from karibu.messages.channels.social.compose import fits
from karibu.web.actions import record


class TooLong(ValueError):
    """The service does not take such a text."""


def plan(account: Account, text: str, *, by: str, due_at: datetime | None = None, key: str = "") -> Post:
    """The same key twice is the same post. Raises TooLong."""
    if not fits(account.provider, text):
        raise TooLong
    known = {"account": account, "text": text.strip(), "due_at": due_at or timezone.now(), "made_by": by}
    with transaction.atomic():
        post, is_new = Post.objects.get_or_create(key=key or secrets.token_hex(16), defaults=known)
        if is_new:
            record(by, "planned post", f"post {post.pk}")
            wake("posts")
    return post


def cancel(post: Post, *, by: str) -> bool:
    """Whether it could still be taken back."""
    with transaction.atomic():
        done = Post.objects.filter(pk=post.pk, status=Post.Status.PLANNED).update(status=Post.Status.CANCELLED)
        if done:
            record(by, "cancelled post", f"post {post.pk}")
    return bool(done)
