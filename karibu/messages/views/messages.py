"""Messages for colleagues: the list, one message with its why, and putting one back into the queue by hand."""

from django.contrib import messages as flashes
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from karibu.customers.models import Customer
from karibu.messages import actions, awake, links, senders, story, visits
from karibu.messages.models import Mail, Message
from karibu.messages.status import OPEN, TONES, Status, explain
from karibu.messages.tables import Messages, status_label
from karibu.web.access import actor, allow, may
from karibu.web.tables import back, chosen


@allow()
@require_safe
def message_list(request: HttpRequest) -> HttpResponseBase:
    return Messages(request, Message.objects.select_related("template").defer("context", "history")).respond(
        "messages/list.html"
    )


@allow()
@require_safe
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    found = get_object_or_404(Message.objects.select_related("template"), pk=message_id)
    wanted_by = senders.names([found.sender])[found.sender]
    context = {
        "message": found,
        "status": status_label(found),
        "tone": TONES.get(Status(found.status), "quiet"),
        "why": explain(found.reason),
        "sender": wanted_by,
        "sender_url": senders.url(found.sender),
        "customer": Customer.objects.filter(pk=found.customer_id).first(),
        "steps": story.steps(found, list(found.visits.order_by("id")[:200]), wanted_by),
        "decisions": story.decisions(found),
        "totals": visits.totals(found.pk),
        "links": list(links.of([found.pk]).get(found.pk, {}).values()),
        "mail": Mail.objects.filter(message_id=found.pk).values_list("pk", flat=True).first(),
        "may_write": may(request, "marketer"),
        "is_test": found.sender == senders.TEST,
        "may_retry": found.status == Status.FAILED and found.sender != senders.TEST and may(request, "marketer"),
        "may_cancel": found.status in OPEN and may(request, "marketer"),
    }
    return render(request, "messages/message.html", context)


@allow("marketer")
@require_POST
def retry(request: HttpRequest, message_id: int) -> HttpResponse:
    with transaction.atomic():
        done = actions.retry(message_id, by=actor(request))
    flashes.success(request, _("The message is tried again.")) if done else flashes.error(
        request, _("Only a message that failed can be tried again.")
    )
    return redirect("message", message_id)


@allow("marketer")
@require_POST
def cancel(request: HttpRequest, message_id: int) -> HttpResponse:
    with transaction.atomic():
        done = actions.cancel([message_id], by=actor(request))
    flashes.success(request, _("The message is cancelled.")) if done else flashes.error(
        request, _("It is too late to cancel this message.")
    )
    return redirect("message", message_id)


@allow("marketer")
@require_POST
def retry_many(request: HttpRequest) -> HttpResponse:
    """Those of the chosen messages that failed are tried again; the others stay as they are."""
    with transaction.atomic():
        done = sum(actions.retry(number, by=actor(request)) for number in chosen(request))
    said = ngettext("%(n)d message is tried again.", "%(n)d messages are tried again.", done) % {"n": done}
    flashes.success(request, said) if done else flashes.error(request, _("None of the chosen messages has failed."))
    return back(request, "/messages/")


@allow("marketer")
@require_POST
def cancel_many(request: HttpRequest) -> HttpResponse:
    """Those of the chosen messages that have not left are taken back."""
    with transaction.atomic():
        done = actions.cancel(chosen(request), by=actor(request))
    said = ngettext("%(n)d message is cancelled.", "%(n)d messages are cancelled.", done) % {"n": done}
    flashes.success(request, said) if done else flashes.error(
        request, _("All of the chosen messages have left already.")
    )
    return back(request, "/messages/")


@allow("owner")
@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """After a backup was put back: what is due may leave."""
    awake.go_on(timezone.now(), by=actor(request))
    flashes.success(request, _("Sending goes on."))
    return back(request, "/messages/")
