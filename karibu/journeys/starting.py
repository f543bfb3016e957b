"""The pages' deeds at the first card: a new journey, what brings people in, and the rules."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from karibu.journeys import actions
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.forms.entry import door_form, fresh_door
from karibu.journeys.forms.rules import rules_form
from karibu.journeys.models import Journey
from karibu.journeys.views import built, if_readable, show
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged

RULES = ("reentry", "filter", "holdout", "goal", "exit")


@require_POST
@allow("marketer")
def begin(request: HttpRequest) -> HttpResponse:
    """A draft that somebody begins with, from the first card on."""
    definition = {"entry": {"event": "Signed Up"}, "steps": [{"wait": {"days": 1}}]}
    made = actions.create(_("New journey"), definition, by=actor(request))
    return redirect("journey", made.pk)


@require_POST
@allow("marketer")
def name(request: HttpRequest, pk: int) -> HttpResponse:
    """What it is called."""
    found = get_object_or_404(Journey, pk=pk)
    if said := request.POST.get("name", "").strip()[:200]:
        actions.edit(found, name=said, by=actor(request))
    return redirect("journey", pk)


@require_POST
@allow("marketer")
@if_readable
def door(request: HttpRequest, pk: int) -> HttpResponse:
    """Another way in, to be set; the rules go where they speak of a key that is no more."""
    found = get_object_or_404(Journey, pk=pk)
    try:
        entry = fresh_door(request.POST.get("kind", ""))
    except LookupError:
        raise Http404 from None
    changed = {**found.definition, "entry": entry}
    try:
        parse(changed)
    except DefinitionError:
        changed = {key: value for key, value in changed.items() if key not in RULES or key in ("filter", "holdout")}
    actions.edit(found, definition=changed, by=actor(request))
    return built(request, pk, first="entry")


@require_POST
@allow("marketer")
@if_readable
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves what brings people in into the draft."""
    found = get_object_or_404(Journey, pk=pk)
    form = door_form(parse(found.definition).entry, request.POST)
    if not form.is_valid() or not unchanged(request, form):
        return show(request, found, entry_form=form, status=422)
    changed = {**found.definition, "entry": form.settings()} if form.has_changed() else found.definition
    return _saved(request, found, changed, entry_form=form)


@require_POST
@allow("marketer")
@if_readable
def rules(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves whom it is for, how often, what for, and who leaves."""
    found = get_object_or_404(Journey, pk=pk)
    form = rules_form(parse(found.definition), found.definition, request.POST)
    if not form.is_valid() or not unchanged(request, form):
        return show(request, found, rules_form=form, status=422)
    others = {key: value for key, value in found.definition.items() if key not in RULES}
    changed = {**others, **form.rules()} if form.has_changed() else found.definition
    return _saved(request, found, changed, rules_form=form)


def _saved(request: HttpRequest, found: Journey, changed: dict[str, Any], **forms: Any) -> HttpResponse:
    try:
        actions.edit(found, definition=changed, by=actor(request))
    except DefinitionError as error:
        for form in forms.values():
            form.add_error(None, error.sentence)
        return show(request, found, status=422, **forms)
    return built(request, found.pk)
