"""The page where a colleague writes to one person."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from karibu.customers import page, queries, timeline
from karibu.customers.models import Customer
from karibu.messages import channels, personal
from karibu.messages.forms import WriteForm
from karibu.web import fragments
from karibu.web.access import allow
from karibu.web.models import User

LATEST = 10  # of what was said that stands beside the words


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, customer_id: int) -> HttpResponse:
    person = get_object_or_404(Customer, pk=customer_id, erased_at=None)
    if person.merged_into:
        return redirect("message-write", person.merged_into)
    family = queries.family(person.pk)
    given = request.POST if request.method == "POST" else request.GET
    asked = given.get("channel")
    channel = asked if asked in channels.KINDS else personal.usual(person, family)
    way = personal.way(person, channel)
    form = WriteForm(way, given, is_sent=request.method == "POST")
    if request.method == "POST" and form.is_valid():
        personal.say(person, channel, *form.said(), number=form.cleaned_data["number"], by=cast(User, request.user))
        messages.success(request, _("It is on its way. Its row on the timeline says what becomes of it."))
        return redirect(person.get_absolute_url())
    context = {"customer": person, "way": way, "form": form, **_said(family)}
    status = 422 if request.method == "POST" else 200
    return fragments.render(request, "messages/write.html", context, fragment="messages/_write.html", status=status)


def _said(family: list[int]) -> dict[str, Any]:
    return {"days": page.by_day(timeline.read(family, limit=LATEST, kind="messages"))}
