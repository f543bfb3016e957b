"""The journeys' pages."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.customers.models import Customer
from karibu.journeys import actions, draft, explain, exporting, live, queries
from karibu.journeys.cards import KINDS, draw
from karibu.journeys.definition import DefinitionError, fault, parse
from karibu.journeys.forms import form_for, fresh
from karibu.journeys.forms.entry import door_form, open_doors
from karibu.journeys.forms.rules import rules_form
from karibu.journeys.layout import Address
from karibu.journeys.models import Enrollment, Journey
from karibu.journeys.paper_form import PaperForm
from karibu.journeys.recipes import RECIPES
from karibu.journeys.recipes.offers import offers
from karibu.journeys.tables import TONES, Journeys, People
from karibu.segments.builder import known
from karibu.web import fragments
from karibu.web.access import actor, allow, may
from karibu.web.fragments import is_partial
from karibu.web.reading import read_json
from karibu.web.stale import unchanged
from karibu.web.tables import back, chosen

PUT_IN = 100  # people by one form; more by the API
View = Callable[..., HttpResponse]


@require_safe
@allow()
def journeys(request: HttpRequest) -> HttpResponseBase:
    """The list; while there is nothing in it, the recipes stand below."""
    offered = [] if Journey.objects.exists() else offers()
    return Journeys(request, queries.journeys()).respond("journeys/journeys.html", {"offers": offered})


@require_safe
@allow()
def recipes(request: HttpRequest) -> HttpResponse:
    return render(request, "journeys/recipes.html", {"offers": offers()})


@require_POST
@allow("marketer")
def adopt(request: HttpRequest, key: str) -> HttpResponse:
    """A recipe becomes a journey of the shop's own; live at once if that was asked for."""
    recipe = RECIPES.get(key)
    if recipe is None:
        raise Http404
    with transaction.atomic():
        definition = recipe.made_ours(by=actor(request))
        made = actions.create(str(recipe.name), definition, recipe=key, by=actor(request))
        if "publish" in request.POST:
            actions.publish(made, by=actor(request))
            said = _("“%(name)s” is live. The next person who fits enters it.")
            messages.success(request, said % {"name": made.name})
    return redirect("journey", made.pk)


@require_safe
@allow()
def journey(request: HttpRequest, pk: int) -> HttpResponse:
    """`open` of the address: the form of the first card that is open, "entry" or "rules"; `moving`: the step that is
    being moved, which can be put down at every + there is."""
    return show(request, get_object_or_404(Journey, pk=pk), first=request.GET.get("open", ""))


@require_POST
@allow("marketer")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Journey, pk=pk)
    inside: Any = request.POST.get("inside", "new")
    if inside not in actions.INSIDE:
        raise Http404
    try:
        actions.publish(found, by=actor(request), inside=inside)
    except DefinitionError as error:
        messages.error(request, _("Not published. %(what)s") % {"what": error.sentence})
        return redirect("journey", pk)
    told = _("Kept as a draft; nothing changed.") if inside == "nobody" else _("Published.")
    messages.success(request, told)
    return redirect("journey", pk)


@require_POST
@allow("marketer")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    actions.pause(get_object_or_404(Journey, pk=pk), by=actor(request))
    messages.success(request, _("Paused: nobody enters and nobody moves on until you resume it."))
    return redirect("journey", pk)


@require_POST
@allow("marketer")
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    actions.resume(get_object_or_404(Journey, pk=pk), by=actor(request))
    messages.success(request, _("Resumed: everyone goes on where they were."))
    return redirect("journey", pk)


def if_readable(view: View) -> View:
    """A deed at the draft, where this release can read it; else its page, which says so."""

    @wraps(view)
    def checked(request: HttpRequest, pk: int, **rest: Any) -> HttpResponse:
        if fault(get_object_or_404(Journey, pk=pk).definition):
            return redirect("journey", pk)
        return view(request, pk, **rest)

    return checked


@require_POST
@allow("marketer")
@if_readable
def step(request: HttpRequest, pk: int, position: int) -> HttpResponse:
    """Saves one step's settings into the draft."""
    found = get_object_or_404(Journey, pk=pk)
    places = parse(found.definition).layout.places
    if position >= len(places):
        raise Http404
    form = form_for(places[position].step, position, request.POST)
    if not form.is_valid() or not unchanged(request, form):
        return show(request, found, form, position, status=422)
    try:
        changed = found.definition
        if form.has_changed():  # what was not touched stays exactly as it is written
            changed = draft.replace(changed, places[position].address, form.settings())
        actions.edit(found, definition=changed, by=actor(request))
    except DefinitionError as error:
        form.add_error(None, error.sentence)
        return show(request, found, form, position, status=422)
    return built(request, pk)


@require_POST
@allow("marketer")
@if_readable
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a step of the posted kind in at the posted address, and opens it."""
    found = get_object_or_404(Journey, pk=pk)
    address = _address(request)
    try:
        changed = draft.insert(found.definition, address, fresh(request.POST.get("kind", "")))
        actions.edit(found, definition=changed, by=actor(request))
    except LookupError:
        raise Http404 from None
    except DefinitionError as error:
        messages.error(request, error.sentence)
        return built(request, pk)
    return built(request, pk, address)


@require_POST
@allow("marketer")
def rearrange(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """Takes a step out, moves or copies it, or takes the last change back."""
    found = get_object_or_404(Journey, pk=pk)
    try:
        if deed == "published":
            actions.take_back(found, by=actor(request))
        elif deed == "undo":
            actions.undo(found, by=actor(request))
        else:
            actions.edit(found, definition=DEEDS[deed](found.definition, _address(request)), by=actor(request))
    except LookupError:
        raise Http404 from None
    except DefinitionError as error:
        messages.error(request, error.sentence)
    return built(request, pk)


@require_POST
@allow("marketer")
@if_readable
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts the step of the posted address in at the posted place, wherever in the journey that is."""
    found = get_object_or_404(Journey, pk=pk)
    try:
        changed = draft.relocate(found.definition, _address(request, "moving"), _address(request))
        actions.edit(found, definition=changed, by=actor(request))
    except LookupError:
        raise Http404 from None
    except DefinitionError as error:
        messages.error(request, error.sentence)
    return built(request, pk)


DEEDS: dict[str, Callable[[Any, Address], dict[str, Any]]] = {
    "remove": draft.remove,
    "up": lambda definition, address: draft.move(definition, address, -1),
    "down": lambda definition, address: draft.move(definition, address, 1),
    "copy": draft.copy,
}


def _address(request: HttpRequest, name: str = "address") -> Address:
    try:
        found = read_json(request.POST.get(name, ""))
    except ValueError:
        found = None
    is_one = isinstance(found, list) and len(found) % 2 == 1 and all(type(part) in (int, str) for part in found)
    if not is_one:
        raise Http404
    return tuple(found)


def built(request: HttpRequest, pk: int, opened: Address | None = None, first: str = "") -> HttpResponse:
    """The changed draft: as a part for htmx, else its page. `first`: which form of the first card is open."""
    found = get_object_or_404(Journey, pk=pk)
    if not is_partial(request) or fault(found.definition):
        return redirect("journey", pk)
    places = parse(found.definition).layout.places
    position = next((place.position for place in places if place.address == opened), None)
    return show(request, found, None, position, first=first)


@require_safe
@allow()
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as a file that another installation can take in."""
    found = get_object_or_404(Journey, pk=pk)
    written = json.dumps(exporting.written(found), indent=2, ensure_ascii=False)
    answer = HttpResponse(written, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="journey-{pk}.json"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def import_(request: HttpRequest) -> HttpResponse:
    """Takes in a journey that was exported, as a draft."""
    form = PaperForm(request.POST or None, request.FILES or None)
    faults: list[exporting.Fault] = []
    if request.method == "POST" and form.is_valid():
        try:
            name, definition = exporting.read(form.raw())
            made = actions.create(name, definition, by=actor(request))
        except exporting.Unreadable as error:
            faults = error.faults
        else:
            said = _("“%(name)s” is here as a draft: look it through, then publish.")
            messages.success(request, said % {"name": name})
            return redirect("journey", made.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "journeys/import.html", {"form": form, "faults": faults}, status=status)


@require_safe
@allow()
def people(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Journey, pk=pk)
    inside = Enrollment.objects.filter(journey=found).select_related("journey")
    failed = inside.filter(status=Enrollment.Status.FAILED).exists()
    definition = live.readable(found.pk, found.version) if found.status == Journey.Status.LIVE else None
    takes = bool(definition and definition.entry.by_hand)
    context = {"journey": found, "has_failed": failed, "takes_by_hand": takes}
    return People(request, inside, found).respond("journeys/people.html", context)


@require_POST
@allow("marketer")
def put_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts in by hand whom the form names, by e-mail or number; says of everybody else why they are not in it."""
    found = get_object_or_404(Journey, pk=pk)
    named = {text: _person(text) for text in request.POST.get("who", "").replace(",", " ").split()[:PUT_IN]}
    people = {person.pk for person in named.values() if person}
    entered = actions.put_in(found, people, by=actor(request)) if people else 0
    if entered:
        messages.success(request, _("%(n)s put in.") % {"n": entered})
    if len(people) > entered:
        said = _("%(n)s not let in; “Why is somebody not in it?” says why.")
        messages.error(request, said % {"n": len(people) - entered})
    if strangers := [text for text, person in named.items() if person is None]:
        messages.error(request, _("Nobody is known by: %(who)s") % {"who": ", ".join(strangers)[:300]})
    return redirect("journey-people", pk)


@require_POST
@allow("marketer")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever of the chosen was set aside (everyone, where nobody was chosen) stands before their step again."""
    found = get_object_or_404(Journey, pk=pk)
    aside = Enrollment.objects.filter(journey=found, status=Enrollment.Status.FAILED).values_list("pk", flat=True)
    if ids := chosen(request):
        aside = aside.filter(pk__in=ids)
    count = actions.retry(list(aside[:10_000]), by=actor(request))
    messages.success(request, _("%(n)s tried again.") % {"n": count})
    return back(request, f"/journeys/{pk}/people/")


@require_POST
@allow()
def answer(request: HttpRequest, pk: int, said: str) -> HttpResponse:
    """A colleague's yes or no for the chosen people who stand before a step that asks."""
    mine = Enrollment.objects.filter(journey=get_object_or_404(Journey, pk=pk), pk__in=chosen(request))
    word: Any = said
    count = actions.answer(list(mine.values_list("pk", flat=True)), word, by=actor(request))
    messages.success(request, _("%(n)s of them were waiting for an answer and go on.") % {"n": count})
    return back(request, f"/journeys/{pk}/people/")


@require_safe
@allow()
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """Why a given person is not in this journey, or is where they are."""
    found = get_object_or_404(Journey, pk=pk)
    text = request.GET.get("q", "").strip()
    person = _person(text) if text else None
    context: dict[str, Any] = {"journey": found, "text": text, "person": person}
    if person:
        runs = Enrollment.objects.filter(journey=found, customer_id=person.pk).select_related("journey")
        context["reasons"] = explain.why_not(found, person.pk)
        context["runs"] = [(run, explain.whereabouts(run)) for run in runs.order_by("-id")[:20]]
    return render(request, "journeys/why.html", context)


def _person(text: str) -> Customer | None:
    """By number or by e-mail; whoever was merged leads to whom they are now."""
    known = Customer.objects.filter(erased_at=None)
    found = known.filter(pk=int(text)).first() if text.isdigit() and len(text) < 19 else None
    found = found or known.filter(email__iexact=text).order_by("merged_into", "pk").first()
    return known.filter(pk=found.merged_into).first() if found and found.merged_into else found


def show(
    request: HttpRequest,
    found: Journey,
    form: Any = None,
    position: int | None = None,
    *,
    status: int = 200,
    first: str = "",
    conditions: Mapping[str, Any] | None = None,
    **forms: Any,
) -> HttpResponse:
    """The journey's page. `form`, `entry_form` and `rules_form` are bound ones with errors to show; `conditions` are
    those that are being written in a card (conditions.py)."""
    if wrong := fault(found.definition):
        return _unread(request, found, wrong)
    definition = parse(found.definition)
    entry_form, rules = forms.get("entry_form"), forms.get("rules_form")
    context = {
        "journey": found,
        "tone": TONES[found.status],
        "whole": definition.sentence(),
        "is_part": is_partial(request),
        "moving": request.GET.get("moving", "")[:500],
        "definition": definition,
        "track": draw(found, definition, form, position),
        "kinds": KINDS,
        "doors": open_doors(),
        "entry_form": entry_form or door_form(definition.entry),
        "rules_form": rules or rules_form(definition, found.definition),
        "first": "entry" if entry_form else "rules" if rules else first,
        "report": queries.stands(found),
        "can_publish": may(request, "marketer"),
        "has_changes": found.version > 0 and actions.has_changes(found),
        "unread": found.version if found.version and live.readable(found.pk, found.version) is None else 0,
        "gone": actions.gone(found),
        "event_names": SimpleLazyObject(known.event_names),  # only the whole page has the suggestions
        "property_names": known.property_names(),
        **(conditions or {}),
    }
    return fragments.render(request, "journeys/journey.html", context, fragment="journeys/_builder.html", status=status)


def _unread(request: HttpRequest, found: Journey, wrong: DefinitionError) -> HttpResponse:
    """Instead of the builder: a draft that another release wrote and this one cannot read, and the ways out."""
    context = {
        "journey": found,
        "tone": TONES[found.status],
        "fault": wrong,
        "written": json.dumps(found.definition, indent=2, ensure_ascii=False),
        "can_publish": may(request, "marketer"),
        "has_changes": found.version > 0 and actions.has_changes(found),
        "unread": found.version if found.version and live.readable(found.pk, found.version) is None else 0,
    }
    return render(request, "journeys/unread.html", context)
