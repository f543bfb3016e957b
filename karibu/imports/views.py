"""Imports: a file is uploaded, shown as it was understood, mapped, run, stopped, resumed, undone."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from karibu.imports import actions
from karibu.imports.exports import recognised
from karibu.imports.fields import FIELDS, KEEPS_THE_REST
from karibu.imports.forms import MappingForm, UploadForm
from karibu.imports.holding import is_alive
from karibu.imports.models import Import
from karibu.imports.preview import first_rows
from karibu.imports.queries import brought, source_name
from karibu.imports.tables import KINDS, STATUS, TONES, Imports, RejectedRows, listed
from karibu.web import fragments
from karibu.web.access import actor, allow

SEPARATORS = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("bar"),
}
DOING = ("queued", "running", "undoing")
RESTING = ("stopped", "failed")  # it can go on


@require_GET
@allow("marketer")
def imports(request: HttpRequest) -> HttpResponseBase:
    return Imports(request, listed()).respond("imports/imports.html")


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def new(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind")})
    if request.method == "POST" and form.is_valid():
        try:
            imported = _uploaded(request, form)
        except actions.Unreadable as error:
            form.add_error("file", str(error))
        else:
            return redirect("import", imported.pk)
    return render(request, "imports/new.html", {"form": form}, status=422 if form.errors else 200)


def _uploaded(request: HttpRequest, form: UploadForm) -> Import:
    upload = form.cleaned_data["file"]
    with tempfile.NamedTemporaryFile(prefix="karibu-upload-") as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        return actions.draft(
            form.cleaned_data["kind"], Path(file.name), by=actor(request), filename=upload.name[:300], copy=True
        )


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def import_(request: HttpRequest, number: int) -> HttpResponse:
    imported = get_object_or_404(Import, pk=number)
    if imported.status == Import.Status.DRAFT:
        return _draft(request, imported)
    return fragments.render(request, "imports/import.html", _context(imported), fragment="imports/_progress.html")


def _draft(request: HttpRequest, imported: Import) -> HttpResponse:
    form = MappingForm(imported, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.choose(imported, form.mapping(), form.options())
        if "start" in request.POST:
            try:
                actions.start(imported, by=actor(request))
            except actions.NotReady as error:
                messages.error(request, str(error))
        return redirect("import", imported.pk)
    samples, used = imported.samples(), set(imported.mapping.values())
    context = {
        "import": imported,
        "kind": KINDS[imported.kind],
        "form": form,
        "facts": _facts(imported),
        "export": recognised(imported.format["columns"]),
        "faults": actions.faults_of(imported),
        "shown": first_rows(imported),
        "matched": len(imported.mapping),
        "keeps_the_rest": imported.kind in KEEPS_THE_REST,
        "left": [(name, samples[name]) for name in imported.format["columns"] if name not in used],
    }
    return render(request, "imports/draft.html", context, status=422 if form.errors else 200)


@require_GET
@allow("marketer")
def rejected(request: HttpRequest, number: int) -> HttpResponseBase:
    imported = get_object_or_404(Import, pk=number)
    return RejectedRows(request, imported.rejected.all()).respond("imports/rejected.html", {"import": imported})


def _verb(verb: Callable[..., None], done: Any) -> Callable[[HttpRequest, int], HttpResponse]:
    @require_POST
    @allow("marketer")
    def act(request: HttpRequest, number: int) -> HttpResponse:
        imported = get_object_or_404(Import, pk=number)
        try:
            verb(imported, by=actor(request))
            messages.success(request, done)
        except actions.NotReady as error:
            messages.error(request, str(error))
        return redirect("import", number) if Import.objects.filter(pk=number).exists() else redirect("imports")

    return act


stop = _verb(actions.stop, gettext_lazy("Stopped. What is done stays; it can go on from here."))
resume = _verb(actions.resume, gettext_lazy("The import goes on."))
undo = _verb(actions.begin_undo, gettext_lazy("The import is being undone."))
discard = _verb(actions.discard, gettext_lazy("Nothing was imported."))


def _context(imported: Import) -> dict[str, object]:
    is_done = imported.status in ("done", "stopped", "failed", "undone")
    return {
        "import": imported,
        "kind": KINDS[imported.kind],
        "status": STATUS[imported.status],
        "tone": TONES.get(imported.status, "quiet"),
        "is_doing": imported.status in DOING,
        "is_resting": imported.status in RESTING,
        "is_stalled": imported.status == Import.Status.RUNNING and not is_alive(imported),
        "percent": imported.position * 100 // imported.total if imported.total else 0,
        "brought": _links(imported.pk, brought(imported)) if is_done else [],
        "facts": _facts(imported),
        "mapped": [
            (field.label, imported.mapping[field.name])
            for field in FIELDS[imported.kind]
            if field.name in imported.mapping
        ],
    }


def _links(import_id: int, counts: dict[str, int]) -> list[tuple[str, int, str]]:
    """(what, how many, the list of just these) of what came."""
    mine = urlencode({"import": import_id})
    places = [
        ("customers", _("customers"), f"/customers/?{mine}"),
        ("orders", _("orders"), f"/orders/?{mine}"),
        ("lines", _("lines of orders"), ""),
        ("products", _("products"), f"/products/?{mine}"),
        ("events", _("events"), f"/events/?{urlencode({'source': source_name(import_id)})}"),
    ]
    return [(label, counts[name], address) for name, label, address in places if counts[name]]


def _facts(imported: Import) -> list[tuple[str, str]]:
    found = imported.format
    header = found["header_row"]
    facts = [
        (_("Format"), found["type"].upper()),
        (_("Sheet"), found.get("sheet", "")),
        (_("Encoding"), found["encoding"]),
        (_("Separator"), str(SEPARATORS.get(found["separator"], ""))),
        (_("Column names"), _("none: columns are numbered") if header is None else _("in row %d") % (header + 1)),
        (_("Columns"), str(len(found["columns"]))),
    ]
    return [(name, value) for name, value in facts if value]
