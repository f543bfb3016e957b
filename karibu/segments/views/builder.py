"""The builder's page and the parts of it that change while one edits."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.segments import actions, charts, queries, run, usage, words
from karibu.segments.builder import checked, known, posted, tree
from karibu.segments.builder import preview as previews
from karibu.segments.builder.controls import Options
from karibu.segments.builder.draft import SAVE, Draft
from karibu.segments.builder.rows.values import joined
from karibu.segments.conditions.rfm import GROUPS
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.segments.forms import SegmentForm
from karibu.segments.models import ROOM, Segment
from karibu.segments.recipes import RECIPES
from karibu.web.access import actor, allow
from karibu.web.fragments import is_partial
from karibu.web.stale import unchanged


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def create(request: HttpRequest) -> HttpResponse:
    """The builder for a new segment; `recipe`, `rfm`, `like`, or `in` and `out` say what to begin with."""
    name, begin = _beginning(request)
    return _Builder(request, {"name": name}, begin, None).answer()


def _beginning(request: HttpRequest) -> tuple[str, tree.Group]:
    """The name and the conditions of a new one: those of a recipe, an RFM group, another, two others, or none."""
    if recipe := RECIPES.get(request.GET.get("recipe", "")):
        return queries.free_name(str(recipe.name)), tree.read(parse(recipe.definition()).raw)
    if (group := request.GET.get("rfm", "")) in GROUPS:
        begin = tree.Group("all", [tree.Row("rfm", {"values": group})])
        return queries.free_name(str(GROUPS[group]).capitalize()), tree.numbered(begin)
    if (like := request.GET.get("like", "")).isdecimal() and (one := Segment.objects.filter(pk=like[:18]).first()):
        copy = _("%(name)s (copy)") % {"name": one.name[: ROOM - 20]}
        return queries.free_name(copy), tree.read(_readable(one).raw)
    return _between(request.GET.getlist("in")[:2], request.GET.getlist("out")[:1])


def _between(inside: Sequence[str], outside: Sequence[str]) -> tuple[str, tree.Group]:
    """Those who are in these segments and in none of those, named after both."""
    within = [tree.Row("segment", {"value": number}) for number in inside]
    without = [tree.Row("segment", {"value": number}) for number in outside]
    parts: list[tree.Node] = [*within, *([tree.Group("none", [*without])] if without else [])]
    return _called(inside, outside), tree.numbered(tree.Group("all", parts or [tree.Row("trait")]))


def _called(inside: Sequence[str], outside: Sequence[str]) -> str:
    """A name for them; "" where the two are not known."""
    numbers = [int(one) for one in (*inside, *outside) if one.isascii() and one.isdigit() and len(one) < 19]
    names = queries.names(numbers)
    called = [names[number][: ROOM // 2 - 20] for number in numbers if number in names]
    if len(called) != 2:
        return ""
    said = _("%(one)s, but not %(other)s") if outside else _("%(one)s and %(other)s")
    return queries.free_name(said % {"one": called[0], "other": called[1]})


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Segment, pk=pk)
    if found.archived_at and request.method != "POST":
        return redirect(found)  # where it can be restored
    definition = _readable(found)
    initial = {"name": found.name, "digest": definition.digest}
    return _Builder(request, initial, tree.read(definition.raw), found).answer()


def _readable(segment: Segment) -> Definition:
    """What it asks; nothing where this version cannot read that: its page says why, and the builder begins anew."""
    try:
        return parse(segment.definition)
    except DefinitionError:
        return parse({"all": []})


class _Builder:
    """One request to the builder: shows it, does what a button asks for, or saves."""

    def __init__(
        self, request: HttpRequest, initial: dict[str, str], begin: tree.Group, segment: Segment | None
    ) -> None:
        self.request, self.segment = request, segment
        sent = request.POST if request.method == "POST" else None
        self.form = SegmentForm(sent, initial=initial, kept=segment.pk if segment else None)
        self.draft = Draft(sent, begin)

    def answer(self) -> HttpResponse:
        return self._save() if self.draft.deed == SAVE else self._show()

    def _save(self) -> HttpResponse:
        is_whole = self.form.is_valid() and self._is_there() and self.draft.is_sound
        if not (is_whole and unchanged(self.request, self.form)):
            return self._show(status=422)
        try:
            return redirect(self._kept(self.form.cleaned_data["name"], self.draft.written()))
        except actions.NameTaken as taken:
            self.form.add_error("name", str(taken))
        except DefinitionError as error:
            self.draft.said = error.sentence
        return self._show(status=422)

    def _is_there(self) -> bool:
        """Whether it is not in the archive by now; if it is, the form says so and keeps what was written."""
        if not (self.segment and self.segment.archived_at):
            return True
        said = _(
            "This segment went into the archive meanwhile, and nothing of yours is saved yet. Restore it in another "
            "tab, then save once more."
        )
        self.form.add_error(None, said)
        return False

    def _kept(self, name: str, definition: dict[str, Any]) -> Segment:
        by = actor(self.request)
        if self.segment is None:
            return actions.create(name, definition, by=by, recipe=self._recipe())
        changed = actions.change(self.segment, name=name, definition=definition, by=by)
        messages.success(self.request, _("“%(name)s” is saved.") % {"name": changed.name})
        return changed

    def _recipe(self) -> str:
        key = self.request.GET.get("recipe", "")
        return key if key in RECIPES else ""

    def _over_time(self) -> charts.Picture:
        return charts.of_segment(self.segment.pk) if self.segment else charts.over_time([])

    def _show(self, status: int = 200) -> HttpResponse:
        over_time = SimpleLazyObject(self._over_time)
        users = SimpleLazyObject(lambda: usage.of(self.segment.pk) if self.segment else [])
        context: dict[str, Any] = {"segment": self.segment, "form": self.form, "over_time": over_time, "users": users}
        context |= self.draft.context()
        if self.draft.deed == SAVE and self.form.errors:  # read first: the rows are below
            context["focus"] = ""
            self.form.fields["name"].widget.attrs["autofocus"] = bool(self.form.errors.get("name"))
        if not is_partial(self.request):
            return render(self.request, "segments/builder.html", context, status=status)
        if self.draft.deed.startswith(("remove:", "unwhere:")):
            context |= {"was_taken_out": True, "focus": ""}  # the button that puts it back has it
        response = render(self.request, "segments/builder/_rows.html", context)
        response["HX-Trigger-After-Settle"] = "draft"
        return response


@require_POST
@allow("marketer")
def preview(request: HttpRequest) -> HttpResponse:
    """The sentence, how many there are and ten of them, and what is wrong with which row, for the form as it is.

    With `counted` in the form: all but the ten and how they spread.
    """
    counted = "counted" in request.POST
    group = posted.read(request.POST, known.Known())
    checked.check(group)
    context: dict[str, Any] = {"nodes": list(tree.nodes(group)), "faults": checked.faults(group)}
    try:
        definition = checked.sound(group)
        context["sentence"] = words.sentence(definition.raw) if definition else ""
        context["preview"] = definition and previews.preview(definition, *_asked_as(request), counted=counted)
    except DefinitionError as error:
        context["said"] = error.sentence
    except run.TooLong:
        context["said"] = _("To count this takes too long; say it with fewer conditions.")
    except run.TooLarge:
        context["said"] = _("To count this takes more memory than there is; say it with fewer conditions.")
    except run.Cancelled:
        return HttpResponse(status=204)  # a newer one is on its way
    part = "segments/builder/_count.html" if counted else "segments/builder/_preview.html"
    return render(request, part, context)


@require_safe
@allow("marketer")
def values(request: HttpRequest) -> HttpResponse:
    """What is suggested while one types: values of `property` of `event` that have it in them."""
    event, name = request.GET.get("event", "")[:200], request.GET.get("property", "")[:200]
    typed = next(
        ((key, str(said)) for key, said in request.GET.items() if key.endswith((".value", ".listed"))), ("", "")
    )
    offered = _offered(event, name, typed[1], is_list=typed[0].endswith(".listed")) if name else []
    return render(request, "segments/builder/_options.html", {"options": offered})


def _offered(event: str, name: str, typed: str, *, is_list: bool) -> Options:
    """Values that go on with what was typed. In a list with those before them: browsers compare the whole text."""
    before, comma, last = typed.rpartition(",") if is_list else ("", "", typed)
    found = known.suggestions(event, name, last.strip()[:100])
    if not is_list:
        return found
    start = f"{before.strip()}, " if comma else ""
    return [(start + joined([value]), said) for value, said in found]


def _asked_as(request: HttpRequest) -> tuple[str, int]:
    """What tells this tab of this colleague from others, and which of its questions this is."""
    turn = request.POST.get("turn", "")[:16]
    return f"{request.user.pk} {request.POST.get('tab', '')[:32]}", int(turn) if turn.isdecimal() else 0
