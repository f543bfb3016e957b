"""Settings: webhooks, their deliveries, and making one again."""

import json

from django.contrib import messages as flashes
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from karibu.messages.channels.models import Delivery, Webhook
from karibu.messages.channels.webhook import actions
from karibu.messages.channels.webhook.forms import NewWebhook
from karibu.messages.channels.webhook.tables import Deliveries, tone
from karibu.web.access import actor, allow
from karibu.web.sealed import CannotOpen
from karibu.web.tables import back, chosen


@allow("owner")
@require_safe
def webhook_list(request: HttpRequest) -> HttpResponse:
    return _list(request, NewWebhook())


@allow("owner")
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form = NewWebhook(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    made = actions.create(form.cleaned_data["url"], form.cleaned_data["names"], by=actor(request))
    flashes.success(request, _("From now on events leave for it. Take its secret to your program."))
    return redirect("webhook", made.pk)


def _list(request: HttpRequest, form: NewWebhook, status: int = 200) -> HttpResponse:
    waiting = Count("delivery", filter=Q(delivery__status=Delivery.Status.WAITING))
    hooks = Webhook.objects.filter(closed_at=None).annotate(waiting=waiting).order_by("pk")
    return render(request, "channels/webhooks.html", {"hooks": hooks, "form": form}, status=status)


@allow("owner")
@require_safe
def webhook(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Webhook, pk=pk, closed_at=None)
    try:
        secret = found.secret
    except CannotOpen:
        secret = ""
    deliveries = Delivery.objects.filter(webhook=found)
    return Deliveries(request, deliveries).respond("channels/webhook.html", {"hook": found, "secret": secret})


@allow("owner")
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    actions.close(get_object_or_404(Webhook, pk=pk, closed_at=None), by=actor(request))
    flashes.success(request, _("The webhook is deleted. What waited for it is gone as well."))
    return redirect("webhooks")


@allow("owner")
@require_POST
def enable(request: HttpRequest, pk: int) -> HttpResponse:
    actions.enable(get_object_or_404(Webhook, pk=pk, closed_at=None), by=actor(request))
    flashes.success(request, _("The webhook is enabled again; what waited leaves now."))
    return redirect("webhook", pk)


@allow("owner")
@require_POST
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    actions.new_secret(get_object_or_404(Webhook, pk=pk, closed_at=None), by=actor(request))
    flashes.success(request, _("Deliveries are signed with the new secret from now on."))
    return redirect("webhook", pk)


@allow("owner")
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    made = actions.test(get_object_or_404(Webhook, pk=pk, closed_at=None))
    flashes.success(request, _("A test is on its way."))
    return redirect("webhook-delivery", made.pk)


@allow("owner")
@require_safe
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Delivery.objects.select_related("webhook"), pk=pk)
    body = json.dumps(json.loads(found.body), indent=2, ensure_ascii=False)
    return render(request, "channels/delivery.html", {"delivery": found, "tone": tone(found), "body": body})


@allow("owner")
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    actions.replay([pk], by=actor(request))
    flashes.success(request, _("It is delivered again."))
    return redirect("webhook-delivery", pk)


@allow("owner")
@require_POST
def replay_many(request: HttpRequest) -> HttpResponse:
    done = actions.replay(chosen(request), by=actor(request))
    said = ngettext("%(n)d event is delivered again.", "%(n)d events are delivered again.", done)
    flashes.success(request, said % {"n": done})
    return back(request, "/settings/webhooks/")
