"""The mail settings: who signs, where mail comes back to, how many a day."""

from typing import Any

from django.contrib import messages as flashes
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from karibu.messages.channels.email import compose, inbox, keys
from karibu.messages.channels.email.forms import BoxForm, KeyForm, PaceForm
from karibu.messages.channels.email.models import BounceBox, Departed, Pace, SigningKey
from karibu.messages.channels.email.rules import planned
from karibu.messages.facts import the_shop
from karibu.web.access import actor, allow
from karibu.web.actions import record


@allow("owner")
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allow("owner")
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, key_form=form)
    keys.sign_with(form.cleaned_data["domain"], form.cleaned_data["algorithm"], by=actor(request))
    flashes.success(request, _("From now on mail is signed with the new key. Publish its record at once."))
    return redirect("mail-settings")


@allow("owner")
@require_POST
def close_key(request: HttpRequest, pk: int) -> HttpResponse:
    with transaction.atomic():
        keys.close(get_object_or_404(SigningKey, pk=pk, closed_at=None), by=actor(request))
    flashes.success(request, _("Nothing is signed with this key any more. Leave its record for a week."))
    return redirect("mail-settings")


@allow("owner")
@require_POST
def save_box(request: HttpRequest) -> HttpResponse:
    form = BoxForm(request.POST, instance=_box())
    if not form.is_valid():
        return _page(request, box_form=form)
    with transaction.atomic():
        form.save()
        record(actor(request), "changed bounce mailbox", "mail")
    flashes.success(request, _("Saved. It is read every five minutes."))
    return redirect("mail-settings")


@allow("owner")
@require_POST
def read_box(request: HttpRequest) -> HttpResponse:
    """At once, to see whether it can be."""
    try:
        count = inbox.read_all()
    except inbox.CannotRead as error:
        flashes.error(request, _("It cannot be read: %(why)s") % {"why": error})
    else:
        flashes.success(request, ngettext("%(n)d mail was read.", "%(n)d mails were read.", count) % {"n": count})
    return redirect("mail-settings")


@allow("owner")
@require_POST
def plan_pace(request: HttpRequest) -> HttpResponse:
    form = PaceForm(request.POST)
    if not form.is_valid():
        return _page(request, pace_form=form)
    with transaction.atomic():
        pace = form.save()
        record(actor(request), "planned mails a day", pace.domain or "every domain", first=pace.first)
    flashes.success(request, _("The plan counts from today."))
    return redirect("mail-settings")


@allow("owner")
@require_POST
def drop_pace(request: HttpRequest, pk: int) -> HttpResponse:
    pace = get_object_or_404(Pace, pk=pk)
    with transaction.atomic():
        pace.delete()
        record(actor(request), "dropped plan of mails a day", pace.domain or "every domain")
    flashes.success(request, _("There is no limit any more."))
    return redirect("mail-settings")


def _page(request: HttpRequest, **forms: Any) -> HttpResponse:
    box, domain = _box(), compose.sender_of(the_shop()).rpartition("@")[2]
    context = {
        "keys": SigningKey.objects.filter(closed_at=None).order_by("domain", "algorithm"),
        "box": box,
        "paces": _paces(),
        "key_form": KeyForm(initial={"domain": domain}),
        "box_form": BoxForm(instance=box),
        "pace_form": PaceForm(),
        **forms,
    }
    return render(request, "email/mail.html", context, status=422 if forms else 200)


def _box() -> BounceBox:
    return BounceBox.objects.filter(pk=1).first() or BounceBox(pk=1)


def _paces() -> list[dict[str, Any]]:
    """Each plan, what it lets go today, and how many went."""
    today = timezone.now().date()
    gone = dict(Departed.objects.filter(day=today).values_list("domain", "count"))
    plans = Pace.objects.order_by("domain")
    return [{"it": p, "today": planned(p, today), "gone": gone.get(p.domain, 0) if p.domain else None} for p in plans]
