"""The settings pages of channels, and the address that providers call."""

import logging
from typing import Any

from django.contrib import messages as flashes
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.messages import trying, wording
from karibu.messages.addresses import public_url
from karibu.messages.channels import accounts, overview, part, receipts, received
from karibu.messages.channels.connecting import CannotConnect, Provider
from karibu.messages.channels.forms import ConnectForm, TestForm
from karibu.messages.channels.hearing import Asked, Forged, Heard, NotNow, Unreadable
from karibu.messages.channels.models import Account, WhatsAppTemplate
from karibu.messages.channels.sms import segments
from karibu.messages.channels.whatsapp import templates
from karibu.messages.channels.whatsapp.account import verify_token
from karibu.messages.facts import the_shop
from karibu.messages.status import Status
from karibu.web.access import actor, allow, public

log = logging.getLogger("karibu.channels")
# What is usually put into a template's holes.
FACTS = (
    "{{ customer.first_name | default: 'you' }}",
    "{{ shop.name }}",
    "{{ cart.url }}",
    "{{ order.id }}",
    "{{ product.name }}",
    "{{ coupon }}",
)
LARGEST = 40 * 1024 * 1024  # bytes of a call: a mail of 25 MB is a third longer in JSON
HEARING = ("email", "sms", "whatsapp", "telegram")  # whose providers call us


@allow("owner")
@require_safe
def channel_list(request: HttpRequest) -> HttpResponse:
    return render(request, "channels/channels.html", {"places": overview.places()})


@allow("owner")
@require_safe
def channel(request: HttpRequest, kind: str) -> HttpResponse:
    return _page(request, kind)


@allow("owner")
@require_POST
def connect(request: HttpRequest, kind: str) -> HttpResponse:
    form = _connect_form(request, kind)
    if form.is_valid():
        try:
            account = accounts.open_account(form.account(), by=actor(request))
        except CannotConnect as error:
            form.add_error(None, str(error))
        else:
            _open_there(request, form.provider, account)
            return redirect("channel", kind)
    return _page(request, kind, form=form, status=422)


def _open_there(request: HttpRequest, provider: Provider, account: Account) -> None:
    try:
        if provider.opened:
            provider.opened(account)
    except CannotConnect as error:
        flashes.warning(request, _("Connected, but not wholly: %(why)s") % {"why": error})
    else:
        flashes.success(request, _("Connected. Send yourself a test message."))


@allow("owner")
@require_POST
def disconnect(request: HttpRequest, kind: str) -> HttpResponse:
    accounts.close(get_object_or_404(_open(), kind=_known(kind)), by=actor(request))
    flashes.success(request, _("Disconnected. Its keys are forgotten; messages of this channel wait."))
    return redirect("channel", kind)


@allow("owner")
@require_POST
def test(request: HttpRequest, kind: str) -> HttpResponse:
    """A colleague writes to themselves: at once, and past the gate, which is about customers; yet it is a row."""
    account = get_object_or_404(_open(), kind=_known(kind))
    if not overview.place(kind).address:
        raise Http404
    form = TestForm(request.POST)
    if not form.is_valid():
        return _page(request, kind, test_form=form, status=422)
    address = part(kind, "address").usable(form.cleaned_data["to"])
    if not address:
        form.add_error("to", _("This channel cannot write to such an address."))
        return _page(request, kind, test_form=form, status=422)
    tried = trying.say_test(account, form.cleaned_data["text"], to=address)
    if tried.status != Status.SENT:
        form.add_error(None, tried.detail or _("It did not leave."))
        return _page(request, kind, test_form=form, status=422)
    flashes.success(request, _("The provider took the test message."))
    return redirect("channel", kind)


@allow("marketer")
@require_safe
def sms_size(request: HttpRequest) -> HttpResponse:
    """How many SMS a text is, while it is being typed."""
    text = segments.plain(request.GET.get("text", ""))
    return render(request, "channels/_size.html", {"size": segments.size(text), "room": segments.room(text)})


@public
@csrf_exempt
@require_http_methods(["GET", "POST"])
def hook(request: HttpRequest, token: str) -> HttpResponse:
    """What a provider tells us. Twice the same is once; what is not signed by it is refused; GET changes nothing."""
    account = get_object_or_404(_open(), token=token, kind__in=HEARING)
    try:
        heard = part(account.kind, "inbound").read(account, _asked(request, account))
    except NotNow as later:
        return _again(account, later)
    except Forged:
        log.warning("a call for the %s account %s was not signed by its provider", account.kind, account.pk)
        return HttpResponse(status=403)
    except (Unreadable, KeyError, TypeError, ValueError, SuspiciousOperation, MultiPartParserError) as error:
        # An answer of 4xx makes providers call again for days, and at last stop calling: it is noted, and let go.
        log.warning("a call for the %s account %s cannot be read: %s", account.kind, account.pk, type(error).__name__)
        return HttpResponse(status=202)
    if request.method == "POST":
        try:
            _do(account, heard)
        except NotNow as later:
            return _again(account, later)
    return HttpResponse(heard.answer, content_type=heard.content_type)


def _again(account: Account, later: NotNow) -> HttpResponse:
    log.warning("a call for the %s account %s has to come again: %s", account.kind, account.pk, later)
    return HttpResponse(status=503, headers={"Retry-After": "60"})


def _do(account: Account, heard: Heard) -> None:
    """All of a call or nothing: a provider calls again where we fail."""
    with transaction.atomic():
        received.take(account, heard.received)
        receipts.take(account, heard.words)
        for deed in heard.deeds:
            deed()
        Account.objects.filter(pk=account.pk).update(heard_at=timezone.now())
    for what in heard.unknown:
        log.warning("a call for the %s account %s tells of something unknown: %s", account.kind, account.pk, what[:60])


def _asked(request: HttpRequest, account: Account) -> Asked:
    # The body first: reading a form uses it up. By hand, since a mail with pictures is larger than any form of ours.
    body: bytes = request.read(LARGEST)
    request._body = body
    query = request.META.get("QUERY_STRING", "")
    return Asked(
        method=request.method or "",
        url=accounts.hook_url(account) + (f"?{query}" if query else ""),
        headers=request.headers,
        query=request.GET.dict(),
        form={name: str(value) for name, value in request.POST.items()},
        body=body,
    )


def _page(
    request: HttpRequest,
    kind: str,
    form: ConnectForm | None = None,
    test_form: TestForm | None = None,
    status: int = 200,
) -> HttpResponse:
    account = _open().filter(kind=_known(kind)).first()
    providers: list[Provider] = part(kind, "account").PROVIDERS
    provider = next((one for one in providers if account and one.key == account.provider), None)
    known = account.settings if account else {}
    text = _("%(shop)s: a test message from Karibu.") % {"shop": the_shop().name}
    context = {
        "facts": [(one.label, known[one.name]) for one in (provider.fields if provider else ()) if one.name in known],
        "place": overview.place(kind),
        "account": account,
        "provider": provider,
        "providers": providers,
        "form": form or (None if account else _connect_form(request, kind)),
        "test_form": test_form or TestForm(initial={"text": text}),
        "hook": accounts.hook_url(account) if account else "",
        **overview.figures(kind, account),
        **_more(account),
    }
    return render(request, "channels/channel.html", context, status=status)


def _more(account: Account | None) -> dict[str, Any]:
    """What one channel's page shows beside what all show."""
    if account and account.kind == "push":
        return {"public_key": account.settings["public_key"], "host": public_url()}
    if account is None or account.kind != "whatsapp":
        return {}
    rows = account.whatsapptemplate_set.exclude(status=templates.GONE).order_by("name", "language")
    known = [(one, templates.holes(one), templates.filled(one, templates.holes(one))) for one in rows]
    return {"templates": known, "facts_to_fill_in": FACTS, "verify_token": verify_token(account)}


@allow("owner")
@require_POST
def sync_templates(request: HttpRequest) -> HttpResponse:
    try:
        count = templates.sync(get_object_or_404(_open(), kind="whatsapp"))
    except CannotConnect as error:
        flashes.error(request, str(error))
    else:
        flashes.success(
            request, ngettext("%(n)d template is known.", "%(n)d templates are known.", count) % {"n": count}
        )
    return redirect("channel", "whatsapp")


@allow("owner")
@require_POST
def write_by_template(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a template of ours that says what one of WhatsApp's says, with the chosen Liquid in its holes."""
    one = get_object_or_404(WhatsAppTemplate, pk=pk, account__closed_at=None)
    values = [request.POST.get(f"hole{n}", "").strip() for n in range(len(templates.holes(one)))]
    text = templates.filled(one, values)
    if not text or not all(values):
        flashes.error(request, _("Say what stands in each place of the template; nothing was made."))
        return redirect("channel", "whatsapp")
    name = one.name.replace("_", " ").capitalize()
    about = {"subject": "", "text": text, "language": one.language.split("_")[0].lower()}
    is_marketing = one.category == "MARKETING"
    made = wording.create(
        wording.free_key(name), name, None, by=actor(request), channel="whatsapp", is_marketing=is_marketing, **about
    )
    flashes.success(request, _("Made. Campaigns and journeys can send it; look at it once more."))
    return redirect("template", made.key)


def _connect_form(request: HttpRequest, kind: str) -> ConnectForm:
    providers: list[Provider] = part(_known(kind), "account").PROVIDERS
    given: Any = request.POST if request.method == "POST" else request.GET
    chosen = next((one for one in providers if one.key == given.get("provider")), providers[0])
    return ConnectForm(kind, chosen, request.POST if request.method == "POST" else None)


def _known(kind: str) -> str:
    if kind not in overview.CHANNELS:
        raise Http404
    return kind


def _open() -> Any:
    return Account.objects.filter(closed_at=None)
