"""The list of segments, the ready-made ones, and what is done with a whole segment."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from karibu.segments import actions, queries, words
from karibu.segments.models import Segment
from karibu.segments.recipes import RECIPES
from karibu.segments.tables import Segments
from karibu.web.access import actor, allow


@require_safe
@allow()
def segments(request: HttpRequest) -> HttpResponseBase:
    return Segments(request, Segment.objects.all()).respond("segments/segments.html")


@require_safe
@allow("marketer")
def new(request: HttpRequest) -> HttpResponse:
    """The ready-made ones, and the way to begin with nothing."""
    used = dict(Segment.objects.filter(archived_at=None).exclude(recipe="").values_list("recipe", "pk"))
    shown: list[dict[str, Any]] = [
        {"recipe": one, "sentence": words.sentence(one.definition()), "used": used.get(one.key)}
        for one in RECIPES.values()
    ]
    return render(request, "segments/new.html", {"recipes": shown})


@require_POST
@allow("marketer")
def adopt(request: HttpRequest, key: str) -> HttpResponse:
    """A ready-made segment becomes one of the shop's own, once: sent again, it leads to the one that is there."""
    if key not in RECIPES:
        raise Http404
    is_there = queries.of_recipe(key) is not None
    made = actions.adopt(key, by=actor(request))
    said = _("“%(name)s” is in use already.") if is_there else _("“%(name)s” is there. Its people are being found.")
    messages.success(request, said % {"name": made.name})
    return redirect(made)


@require_POST
@allow("marketer")
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    found = actions.archive(get_object_or_404(Segment, pk=pk), by=actor(request))
    messages.success(
        request,
        _("“%(name)s” is archived: nobody is in it any more. Restored, it finds its people anew.")
        % {"name": found.name},
    )
    return redirect(found)  # where it can be restored


@require_POST
@allow("marketer")
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    before = get_object_or_404(Segment, pk=pk)
    found = actions.restore(before, by=actor(request))
    said = _("“%(name)s” is back. Its people are being found.")
    if found.name != before.name:
        said = _("“%(before)s” is back as “%(name)s”: another segment has its name. Its people are being found.")
    messages.success(request, said % {"name": found.name, "before": before.name})
    return redirect(found)
