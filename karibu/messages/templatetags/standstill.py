"""The notice that nothing is sent since a backup was put back."""

from typing import Any

from django import template
from django.utils import timezone

from karibu.messages import awake
from karibu.web.access import may

register = template.Library()


@register.inclusion_tag("messages/_standstill.html", takes_context=True)
def standstill(context: dict[str, Any]) -> dict[str, Any]:
    """Nothing, or why nothing leaves, and the owner's button."""
    request, stopped = context["request"], awake.stopped_since()
    if stopped is None:
        return {}
    waiting = awake.due(timezone.now())
    return {
        "stopped": stopped,
        "waiting": waiting,
        "is_most": waiting == awake.MOST_COUNTED,
        "is_owner": may(request, "owner"),
        "csrf_token": context.get("csrf_token"),
    }
