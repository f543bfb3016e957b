"""The campaigns' pages: the list, the four steps of a draft, the report of one that is launched."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.campaigns import actions, flat, linkmap, preview, report, said
from karibu.campaigns.check import faults, findings
from karibu.campaigns.forms import CampaignForm, NewForm
from karibu.campaigns.models import Campaign, Custom
from karibu.campaigns.tables import TONES, Campaigns
from karibu.messages.views.public import MAIL_POLICY
from karibu.segments.models import Segment
from karibu.web.access import actor, allow, may
from karibu.web.fragments import is_partial
from karibu.web.stale import unchanged
from karibu.web.streams import csv_file

Status = Campaign.Status


@require_safe
@allow()
def campaigns(request: HttpRequest) -> HttpResponseBase:
    context = {"needs_approval": Custom.objects.filter(needs_approval=True).exists()}
    return Campaigns(request, Campaign.objects.all()).respond("campaigns/campaigns.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def new(request: HttpRequest) -> HttpResponse:
    """Asks for a name; `segment` of the address: whose people it begins with."""
    number = request.GET.get("segment", "")[:18]
    segment = Segment.objects.filter(pk=number).first() if number.isdecimal() else None
    if segment and segment.archived_at:
        return redirect(segment)  # which says that nobody is in it: a campaign without it would mean everybody
    form = NewForm(request.POST or None, initial={"segment": segment})
    if request.method == "POST" and form.is_valid():
        include = [one.pk] if (one := form.cleaned_data["segment"]) else []
        return redirect(actions.create(form.cleaned_data["name"], include=include, by=actor(request)))
    context = {"form": form, "segment": segment}
    return render(request, "campaigns/new.html", context, status=422 if form.errors else 200)


@require_safe
@allow()
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Campaign.objects.select_related("coupon_pool"), pk=pk)
    if found.status == Status.DRAFT and may(request, "marketer"):
        return _draft(request, found, CampaignForm(instance=found))
    if is_partial(request):
        return _going_on(request, found)
    context = {"campaign": found, "tone": TONES[found.status], **said.context(found)}
    context["may_approve"] = actor(request) != found.launched_by or actions.is_only_owner(actor(request))
    return render(request, "campaigns/campaign.html", context)


def _going_on(request: HttpRequest, found: Campaign) -> HttpResponse:
    """How far it is, for the page that asks again and again; the whole page anew once it does not go on."""
    if found.status != Status.SENDING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "campaigns/_progress.html", {"campaign": found, "progress": said.progress(found)})


@require_POST
@allow("marketer")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves the draft; and launches it where that button was pressed."""
    found = get_object_or_404(Campaign, pk=pk)
    form = CampaignForm(request.POST, instance=Campaign.objects.get(pk=pk))
    if not form.is_valid() or not unchanged(request, CampaignForm(instance=found)):
        return _draft(request, found, form, status=422)
    try:
        found = actions.edit(found, by=actor(request), **form.plan())
        if "launch" in request.POST:
            return _launched(request, found)
    except actions.NotNow as refused:
        messages.error(request, str(refused))
    except ValidationError as error:
        _tell(form, error)
        return _draft(request, found, form, status=422)
    else:
        messages.success(request, _("The draft is saved."))
    return redirect(found)


def _launched(request: HttpRequest, found: Campaign) -> HttpResponse:
    found = actions.launch(found, by=actor(request))
    if found.status == Status.AWAITING:
        messages.success(request, _("It waits for a second person's approval."))
    else:
        messages.success(request, _("Launched.") + " " + said.begins(found))
    return redirect(found)


def _tell(form: CampaignForm, error: ValidationError) -> None:
    names = {"templates": "template_a"}
    for field, sentences in error.message_dict.items():
        for sentence in sentences:
            form.add_error(names.get(field, field) if names.get(field, field) in form.fields else None, sentence)


@require_POST
@allow("marketer")
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """What the form as it stands would mean: nothing is saved."""
    found = get_object_or_404(Campaign, pk=pk)
    form = CampaignForm(request.POST, instance=found)
    return render(request, "campaigns/_check.html", {"campaign": found, **_checked(form)})


@require_POST
@allow("marketer")
def deed(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Approve, pause, resume, cancel, take back: one button each."""
    found = get_object_or_404(Campaign, pk=pk)
    verb, told = DEEDS[name]
    try:
        verb(found, by=actor(request))
    except actions.NotNow as refused:
        messages.error(request, str(refused))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, str(told()))
    return redirect(found)


DEEDS: dict[str, tuple[Callable[..., Campaign], Callable[[], str]]] = {
    "approve": (actions.approve, lambda: _("Approved.")),
    "pause": (actions.pause, lambda: _("Paused: nobody more is written to until you resume it.")),
    "resume": (actions.resume, lambda: _("Resumed: it goes on where it was.")),
    "cancel": (actions.cancel, lambda: _("Cancelled: nobody more is written to.")),
    "take-back": (actions.take_back, lambda: _("Taken back: it is a draft again.")),
}


@require_POST
@allow("marketer")
def choose(request: HttpRequest, pk: int, arm: int) -> HttpResponse:
    """The template that the rest of the audience gets, by hand."""
    found = get_object_or_404(Campaign, pk=pk)
    try:
        actions.choose_winner(found, arm, by=actor(request))
    except actions.NotNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Chosen: the others get it now."))
    return redirect(found)


@require_POST
@allow("marketer")
def duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    return redirect(actions.duplicate(get_object_or_404(Campaign, pk=pk), by=actor(request)))


@require_POST
@allow("owner")
def approval(request: HttpRequest) -> HttpResponse:
    actions.require_approval("needed" in request.POST, by=actor(request))
    messages.success(request, _("Saved."))
    return redirect("campaigns")


def _draft(request: HttpRequest, found: Campaign, form: CampaignForm, *, status: int = 200) -> HttpResponse:
    shown = form if status != 200 else CampaignForm(instance=found)
    seen = CampaignForm(instance=Campaign.objects.get(pk=found.pk))
    checked = _checked(form) if status != 200 else _checked_draft(found)
    context = {"campaign": found, "form": shown, "seen": seen, **checked}
    return render(request, "campaigns/draft.html", context, status=status)


def _checked(form: CampaignForm) -> dict[str, Any]:
    return _checked_draft(form.planned()) if form.is_valid() else {"faults": [], "findings": [], "preview": None}


def _checked_draft(found: Campaign) -> dict[str, Any]:
    missing = [sentence for sentences in faults(found, timezone.now()).values() for sentence in sentences]
    return {
        "faults": missing,
        "findings": findings(found),
        "preview": preview.preview(found),
        "plan": said.plan(found),
        "needs_approval": Custom.objects.filter(pk=1, needs_approval=True).exists(),
    }


@require_safe
@allow()
def report_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The report as a table: the very numbers of the page and of the API."""
    found = get_object_or_404(Campaign, pk=pk, begun_at__isnull=False)
    return csv_file(request, f"campaign-{pk}", flat.rows(report.figures(found)))


@require_safe
@allow()
def link_map(request: HttpRequest, pk: int, letter: str) -> HttpResponse:
    """The mail with its clicks, alone, for a frame."""
    found = get_object_or_404(Campaign, pk=pk)
    try:
        shown = linkmap.drawn(found, letter)
    except LookupError as unknown:
        raise Http404 from unknown
    return HttpResponse(shown, headers={"Content-Security-Policy": MAIL_POLICY})
