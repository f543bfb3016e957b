"""The conditions of a branch, and of whom a journey is for, written in its card by the rows of the segment builder."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from karibu.journeys import actions, draft
from karibu.journeys.definition import DefinitionError, parse
from karibu.journeys.models import Journey
from karibu.journeys.steps.branch import Branch
from karibu.journeys.views import if_readable, show
from karibu.segments import definition as segments
from karibu.segments.builder import rows, tree
from karibu.segments.builder.draft import SAVE, Draft
from karibu.web.access import actor, allow
from karibu.web.fragments import is_partial
from karibu.web.stale import unchanged

FILTER = "filter"
Raw = dict[str, Any]


class ConditionsForm(forms.Form):
    """`digest` is what the conditions were when the page was drawn: the stamp of the form knows it (web.stale)."""

    digest = forms.CharField(required=False, widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
@if_readable
def of_branch(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """The page with the branch's card open, and its conditions in it."""
    found = get_object_or_404(Journey, pk=pk)
    places = parse(found.definition).layout.places
    step = places[position].step if position < len(places) else None
    if not isinstance(step, Branch):
        raise Http404
    written = dict(step.condition)

    def put(condition: Raw) -> Raw:
        return draft.replace(found.definition, places[position].address, {"branch": {"if": condition}})

    return _answer(request, found, written, put, f"#step-{position}", {"position": position})


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
@if_readable
def of_filter(request: HttpRequest, pk: int) -> HttpResponse:
    """The page with the first card open, and the conditions of whom the journey is for in it."""
    found = get_object_or_404(Journey, pk=pk)
    written = dict(parse(found.definition).filter or {})
    return _answer(
        request, found, written, lambda said: {**found.definition, FILTER: said}, "#start", {"first": "rules"}
    )


def _answer(
    request: HttpRequest, found: Journey, written: Raw, put: Callable[[Raw], Raw], place: str, opened: dict[str, Any]
) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    shown = Draft(sent, _begun(written))
    form = ConditionsForm(sent, initial={"digest": segments.parse(written).digest if written else ""})
    if shown.deed == SAVE and shown.is_sound and unchanged(request, form):
        try:
            said = _simplest(shown.written())
            if not rows.same(said, written):  # what was not touched stays exactly as it is written
                actions.edit(found, definition=put(said), by=actor(request))
            return redirect(f"{reverse('journey', args=[found.pk])}{place}")
        except DefinitionError as error:
            shown.said = error.sentence
    context = {**shown.context(), "conditions_form": form, "conditions_of": opened.get("position", FILTER)}
    if sent is not None and is_partial(request):
        response = render(request, "segments/builder/_rows.html", context)
        response["HX-Trigger-After-Settle"] = "draft"
        return response
    return show(request, found, status=422 if shown.deed == SAVE else 200, conditions=context, **opened)


def _begun(written: Raw) -> tree.Group:
    return tree.read(segments.parse(written).raw) if written else tree.numbered(tree.Group("all", [tree.Row("trait")]))


def _simplest(written: Raw) -> Raw:
    """A group of one condition is that condition: so a saved segment is known as one (forms/base.py)."""
    [(op, inner)] = written.items()
    return inner[0] if op in ("all", "any") and len(inner) == 1 else written
