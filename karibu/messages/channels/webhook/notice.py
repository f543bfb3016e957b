"""Telling the owners that a webhook was disabled."""

import logging

from django.utils.translation import gettext as _

from karibu.messages.addresses import public_url
from karibu.messages.channels.models import Webhook
from karibu.messages.system import send_mail
from karibu.web.models import User

log = logging.getLogger("karibu.webhooks")


def tell_owners(hook: Webhook) -> None:
    """By mail; the page says it as well, so a mail server that is away harms nothing."""
    subject = _("A webhook of your shop was disabled")
    text = _("%(url)s gets no more events. %(why)s\n\nMend it, then enable it again: %(page)s") % {
        "url": hook.url,
        "why": hook.disabled_because,
        "page": f"{public_url()}/settings/webhooks/{hook.pk}/",
    }
    for owner in User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk"):
        try:
            send_mail(owner.email, subject, text)
        except (OSError, ValueError, RuntimeError) as error:
            log.warning("the owners could not be told that webhook %s was disabled: %s", hook.pk, type(error).__name__)
