"""The worker's loop that posts what is due.

A post is claimed, and what came of it written down. Mastodon keeps our key for an hour and posts the same key once, so
there an interrupted one is made again; elsewhere nobody can know, and only a colleague posts it again.
"""

import logging
from datetime import timedelta

import apprise
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from karibu.messages.channels import handing
from karibu.messages.channels.handing import Handed
from karibu.messages.channels.http import Answer, Call
from karibu.messages.channels.models import Account, Post
from karibu.messages.status import Reason, Status
from karibu.messages.verdict import failed

log = logging.getLogger("karibu.channels")
IDLE = 60.0
LEASE = timedelta(minutes=10)
REMEMBERED = timedelta(minutes=50)  # Mastodon keeps a key for an hour
PAUSE = timedelta(minutes=2)


def step() -> float:
    _take_back()
    post = _claim()
    if post is not None:
        _settle(post, publish(post))
        return 0
    nearest = Post.objects.filter(status=Post.Status.PLANNED).aggregate(at=Min("due_at"))["at"]
    wait: float = (nearest - timezone.now()).total_seconds() if nearest else IDLE
    return max(0.5, min(IDLE, wait))


def _claim() -> Post | None:
    with transaction.atomic():
        due = Post.objects.filter(status=Post.Status.PLANNED, due_at__lte=timezone.now()).order_by("due_at", "pk")
        post = due.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if post is None:
            return None
        post.status, post.claimed_at = Post.Status.SENDING, post.claimed_at or timezone.now()
        post.tried_at = timezone.now()
        post.save(update_fields=["status", "claimed_at", "tried_at"])
    return post


def _take_back() -> None:
    """Posts whose worker is gone."""
    now = timezone.now()
    lost = Post.objects.filter(status=Post.Status.SENDING, tried_at__lt=now - LEASE)
    lost.filter(account__provider="mastodon", claimed_at__gt=now - REMEMBERED).update(status=Post.Status.PLANNED)
    lost.update(status=Post.Status.FAILED, detail=str(Reason.UNKNOWN_OUTCOME.label))


def publish(post: Post) -> Handed:
    if post.account.closed_at:
        return handing.refused("The account was disconnected.")
    return _toot(post) if post.account.provider == "mastodon" else _notify(post.account, post.text)


def _toot(post: Post) -> Handed:
    """https://docs.joinmastodon.org/methods/statuses/#create"""
    headers = {"Authorization": f"Bearer {post.account.secrets['access_token']}", "Idempotency-Key": post.key}
    call = Call(url=f"{post.account.base_url}/api/v1/statuses", headers=headers, form={"status": post.text})
    return handing.make(call, _meaning)


def _meaning(answer: Answer, attempt: int) -> Handed:
    if answer.is_good:
        return handing.sent(str(answer.json.get("url") or answer.json.get("id") or ""))
    return handing.refused(str(answer.json.get("error") or f"HTTP {answer.status}"))


def _notify(account: Account, text: str) -> Handed:
    """apprise says yes or no, and not why."""
    service = apprise.Apprise()
    service.add(account.secrets["url"])
    if service.notify(body=text):
        return handing.sent("")
    return Handed(failed(Reason.REJECTED, "The service did not take it, or could not be reached."))


def _settle(post: Post, handed: Handed) -> None:
    verdict, now = handed.verdict, timezone.now()
    may_repeat = post.account.provider == "mastodon" and post.claimed_at and now - post.claimed_at < REMEMBERED
    is_unclear = verdict.status == Status.HELD or verdict.reason == Reason.UNKNOWN_OUTCOME
    if verdict.status == Status.SENT:
        post.status, post.sent_at, post.detail = Post.Status.SENT, now, handed.provider_id[:500]
    elif is_unclear and may_repeat:
        post.status, post.due_at, post.detail = Post.Status.PLANNED, verdict.until or now + PAUSE, verdict.detail[:500]
    else:
        post.status, post.detail = Post.Status.FAILED, (verdict.detail or str(verdict.reason))[:500]
    post.save(update_fields=["status", "sent_at", "detail", "due_at"])
