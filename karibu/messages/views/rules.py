"""The shop's rules for writing to people."""

from typing import Any

from django.contrib import messages as flashes
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.customers.models import LISTED, Customer
from karibu.messages import hours, laws, zones
from karibu.messages.rules import current, sentences
from karibu.messages.rules_form import RulesForm
from karibu.web.access import actor, allow
from karibu.web.actions import record
from karibu.web.choices import countries
from karibu.web.stale import unchanged


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    form = RulesForm(request.POST or None, current())
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        with transaction.atomic():
            form.save()
            changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
            record(actor(request), "changed sending rules", "rules", **changed)
        flashes.success(request, _("The rules are saved. They count for everything that has not left yet."))
        return redirect("message-rules")
    context = {"form": form, "sentences": sentences(form.rules), "laws": _laws()}
    return render(request, "messages/rules.html", context, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def rules_meaning(request: HttpRequest) -> HttpResponse:
    """What the rules would mean as they stand in the form; nothing is saved."""
    form = RulesForm(request.POST, current())
    meant = sentences(form.filled()) if form.is_valid() else []
    return render(request, "messages/_rules_meaning.html", {"sentences": meant, "form": form})


@allow("marketer")
@require_safe
def rules_clocks(request: HttpRequest) -> HttpResponse:
    """Of how many people the clock is known, and by what. A part of its own: it looks at all of them."""
    people = Customer.objects.filter(LISTED, is_anonymous=False)
    return render(request, "messages/_rules_clocks.html", {"clocks": zones.survey(people)})


def _laws() -> list[dict[str, Any]]:
    names = dict(countries())
    return [
        {
            "country": str(names.get(law.country, _("Everywhere else"))),
            "weekdays": hours.written(law.week.weekdays),
            "saturday": hours.written(law.week.saturday),
            "sunday": hours.written(law.week.sunday),
            "kind": law.kind,
            "source": law.source,
            "on_holidays": law.week.on_holidays,
        }
        for law in laws.table().values()
    ]
