"""Templates: the list, and editing one with a live preview."""

import hashlib
import json

from django.contrib import messages as flashes
from django.db import transaction
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.messages import preview, starters
from karibu.messages.forms import TemplateForm
from karibu.messages.models import Template
from karibu.messages.views.public import MAIL_POLICY
from karibu.web.access import actor, allow
from karibu.web.actions import record
from karibu.web.stale import unchanged


@allow("marketer")
@require_safe
def template_list(request: HttpRequest) -> HttpResponse:
    found = Template.objects.annotate(messages=Count("message")).order_by("name")
    return render(request, "messages/templates.html", {"templates": found})


@allow("marketer")
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: HttpRequest, key: str) -> HttpResponse:
    found = get_object_or_404(Template, key=key)
    form = TemplateForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        with transaction.atomic():
            form.save()
            Template.objects.filter(pk=found.pk).update(version=F("version") + 1)
            record(actor(request), "changed template", f"template {found.key}")
        flashes.success(request, _("The template is saved. Messages that have not left yet use it."))
        return redirect("template", key)
    said = None if request.method == "POST" or preview.faults(found) else preview.show(found)
    context = {"template": found, "form": form, "said": said, "wide": _is_wide(request)}
    return render(request, "messages/template.html", context, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def template_preview(request: HttpRequest, key: str) -> HttpResponse:
    """The fields as they stand in the form, filled in with the example; faults in words instead.

    The draft waits in the session for the frame to fetch it: a frame's contents need a policy of their own.
    """
    draft = {name: request.POST.get(name, "") for name in ("subject", "body", "text")}
    draft["is_marketing"] = "yes" if "is_marketing" in request.POST else ""
    candidate = _drafted(get_object_or_404(Template, key=key), draft)
    faults = preview.faults(candidate)
    request.session[f"draft {key}"] = draft
    stamp = hashlib.sha256(json.dumps(draft).encode()).hexdigest()[:12]
    said = None if faults else preview.show(candidate)
    context = {"template": candidate, "faults": faults, "said": said, "stamp": stamp, "wide": _is_wide(request)}
    return render(request, "messages/_preview.html", context)


@allow("marketer")
@require_safe
def template_body(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML of the template, or of the draft in this session, alone, for the frame."""
    found = get_object_or_404(Template, key=key)
    if "draft" in request.GET and (draft := request.session.get(f"draft {key}")):
        found = _drafted(found, draft)
    faults = preview.faults(found)
    html = "" if faults else preview.show(found).html
    answer = HttpResponse(html, headers={"Content-Security-Policy": f"{MAIL_POLICY}; sandbox"})
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _drafted(template: Template, draft: dict[str, str]) -> Template:
    template.subject, template.body, template.text = draft["subject"], draft["body"], draft["text"]
    template.is_marketing = bool(draft["is_marketing"])
    return template


def _is_wide(request: HttpRequest) -> bool:
    return request.GET.get("width") != "phone"


@allow("marketer")
@require_POST
def template_reset(request: HttpRequest, key: str) -> HttpResponse:
    """Back to what Karibu came with."""
    found = get_object_or_404(Template, key=key)
    if starters.has(key):
        with transaction.atomic():
            Template.objects.filter(pk=found.pk).update(**starters.read(key), version=F("version") + 1)
            record(actor(request), "reset template", f"template {key}")
        flashes.success(request, _("The template is again what Karibu came with."))
    return redirect("template", key)
