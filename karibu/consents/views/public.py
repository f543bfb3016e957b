"""What people reach by a link that only they were given: their preferences, and a consent or an address to confirm.

GET and HEAD change nothing. All of it works without script, and in the person's language.
"""

from datetime import datetime

from babel.dates import format_date
from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from karibu.consents import confirming, links, queries, topics
from karibu.consents import preferences as wishes
from karibu.consents.models import Confirmation
from karibu.customers import actions as customers
from karibu.customers.models import Customer
from karibu.customers.queries import resolve
from karibu.web import speaking, throttle
from karibu.web.access import public
from karibu.web.queries import shop


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    customer = _person(links.read(links.PREFERENCES, token))
    if customer is None:
        return _gone(request)
    with translation.override(speaking.of_person(customer.language, request)):
        if request.method != "POST":
            return _unkept(render(request, "consents/preferences.html", _shown(customer, request.GET.get("done", ""))))
        done = _obey(request, customer)
        if done == "bad-address":
            return _unkept(render(request, "consents/preferences.html", _shown(customer, done), status=422))
        return redirect(f"{request.path}?done={done}")


def _obey(request: HttpRequest, customer: Customer) -> str:
    """Does what the pressed button says; returns what was done."""
    now, wish = timezone.now(), request.POST.get("do", "")
    match wish:
        case "save":
            wanted, shown = request.POST.getlist("yes"), request.POST.getlist("shown")
            wishes.save(customer, wanted, shown, _language(customer), now)
            if (days := request.POST.get("rhythm", "")).isdecimal():
                wishes.keep_rhythm(customer, int(days), now)
        case "pause":
            wishes.pause(customer, now)
        case "resume":
            wishes.resume(customer, now)
        case "leave":
            wishes.leave(customer, now)
        case "address":
            return _correct(customer, request.POST.get("email", ""))
        case _:
            return "nothing"
    return wish


def _correct(customer: Customer, text: str) -> str:
    try:
        address = forms.EmailField(max_length=254).clean(text)
    except forms.ValidationError:
        return "bad-address"
    wishes.correct_address(customer, address, timezone.now())
    return "address"


def _shown(customer: Customer, done: str) -> dict[str, object]:
    language = _language(customer)
    return {
        "shop": shop(),
        "boxes": wishes.boxes(customer, language),
        "address": masked(customer.email),
        "paused_until": _day(queries.paused([customer.pk], timezone.now()).get(customer.pk)),
        "rhythm": queries.rhythms([customer.pk]).get(customer.pk, 0),
        "done": done,
        "customer": customer,
    }


def _day(moment: datetime | None) -> str:
    """As people of the page's language write it; "" for None."""
    language = translation.get_language() or "en"
    locale = "en_GB" if language == "en" else language
    return format_date(timezone.localdate(moment), "long", locale=locale) if moment else ""


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The page that a confirming mail leads to; its button confirms."""
    number = links.read(links.CONFIRM, token)
    found = Confirmation.objects.filter(pk=number).first() if number else None
    customer = _person(found.customer_id) if found else None
    if found is None or customer is None:
        return _gone(request)
    with translation.override(speaking.of_person(customer.language, request)):
        status = _confirm(request, found, customer) if request.method == "POST" else _status(found)
        names = topics.called([topic for _channel, topic in found.consents], _language(customer))
        context = {"shop": shop(), "asked": found, "names": names, "status": status}
        context["preferences"] = links.page(links.PREFERENCES, customer.pk)
        return _unkept(render(request, "consents/confirm.html", context, status=200 if status != "late" else 410))


def _status(found: Confirmation) -> str:
    if found.confirmed_at:
        return "done"
    return "late" if found.expires_at <= timezone.now() else "open"


@transaction.atomic
def _confirm(request: HttpRequest, found: Confirmation, customer: Customer) -> str:
    was_open = found.confirmed_at is None
    if confirming.confirm(found.pk, timezone.now(), evidence=_evidence(request)) is None:
        return "late"
    if was_open and found.kind == Confirmation.Kind.ADDRESS:
        try:
            customers.edit_customer(customer, {"email": found.address}, by=wishes.SOURCE)
        except (customers.AddressTaken, customers.AddressErased, customers.Gone):
            transaction.set_rollback(True)
            return "taken"
    return "done"


def _evidence(request: HttpRequest) -> str:
    """From which network and with which program; the address itself is nobody's business."""
    return f"{throttle.network_of(request)}; {request.headers.get('User-Agent', '')[:120]}"


def masked(address: str) -> str:
    """`a…@example.com`: enough for its owner, nothing for whoever a mail was forwarded to."""
    name, _at, host = address.partition("@")
    return f"{name[:1]}…@{host}" if host else ""


def _person(number: int | None) -> Customer | None:
    today = resolve(number) if number else None
    return Customer.objects.filter(pk=today, erased_at=None).first() if today else None


def _language(customer: Customer) -> str:
    return customer.language or "en"


def _gone(request: HttpRequest) -> HttpResponse:
    with translation.override(speaking.of_person("", request)):
        return _unkept(render(request, "consents/gone.html", {"shop": shop()}, status=404))


def _unkept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
