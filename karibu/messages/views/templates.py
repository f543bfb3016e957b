"""Templates: the list, a new one, what a saved one said before, and the looks that all share."""

from django.contrib import messages as flashes
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.messages import starters, usage, wording
from karibu.messages.forms import BrandForm, NewTemplate
from karibu.messages.models import Brand, Template, Version
from karibu.web.access import actor, allow
from karibu.web.actions import record
from karibu.web.stale import unchanged


@allow("marketer")
@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    found = list(usage.choosable().order_by("name"))
    users = usage.of({one.key for one in found})
    for one in found:
        one.users = users.get(one.key, [])  # type: ignore[attr-defined]
    return render(request, "messages/templates.html", {"templates": found})


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: HttpRequest) -> HttpResponse:
    """A template of one's own: empty, or a copy of one that Karibu comes with or the shop has."""
    form = NewTemplate(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        channel = form.cleaned_data["channel"] or "email"
        blocks = form.blocks() if channel == "email" else None
        made = wording.create(wording.free_key(name), name, blocks, by=actor(request), channel=channel, **form.about())
        return redirect("template", made.key)
    return render(request, "messages/template_new.html", {"form": form}, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def template_reset(request: HttpRequest, key: str) -> HttpResponse:
    """Back to what Karibu came with."""
    found = get_object_or_404(Template, key=key)
    if starters.has(key):
        with transaction.atomic():
            wording.remember(found, actor(request))
            Template.objects.filter(pk=found.pk).update(**starters.read(key), version=F("version") + 1)
            record(actor(request), "reset template", f"template {key}")
        flashes.success(request, _("The template is again what Karibu came with."))
    return redirect("template", key)


@allow("marketer")
@require_safe
def template_versions(request: HttpRequest, key: str) -> HttpResponse:
    found = get_object_or_404(Template, key=key)
    versions = Version.objects.filter(template=found).order_by("-number")
    return render(request, "messages/template_versions.html", {"template": found, "versions": versions})


@allow("marketer")
@require_POST
def template_restore(request: HttpRequest, key: str, number: int) -> HttpResponse:
    found = get_object_or_404(Template, key=key)
    wording.restore(found, get_object_or_404(Version, template=found, number=number), by=actor(request))
    flashes.success(request, _("The template says again what it said then. What it said until now is kept, too."))
    return redirect("template", key)


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def brand(request: HttpRequest) -> HttpResponse:
    """Logo, colours, font and buttons, once for all templates."""
    form = BrandForm(request.POST or None, instance=Brand.objects.filter(pk=1).first() or Brand(pk=1))
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        with transaction.atomic():
            form.save()
            wording.rewrite_all(actor(request))
        flashes.success(request, _("The looks are saved. Every template made of blocks has them."))
        return redirect("message-brand")
    context = {"form": form, "example": _example()}
    return render(request, "messages/brand.html", context, status=422 if form.errors else 200)


def _example() -> Template | None:
    """A template that has the looks: the greeting, where there is one."""
    made = Template.objects.filter(channel="email", blocks__isnull=False)
    return made.filter(key="welcome").first() or made.order_by("name").first()
