"""What the shell does by the clock."""

from procrastinate.contrib.django import app


@app.task(name="web.forget_sessions")
def forget_sessions(timestamp: int) -> None:
    """Sessions that have ended keep drafts and notices, and so people, in them."""
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    Session.objects.filter(expire_date__lt=timezone.now()).delete()
