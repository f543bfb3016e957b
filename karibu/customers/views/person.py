"""The list of customers and the page of one."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from karibu.customers import page, panels, queries, sentences, timeline
from karibu.customers.actions import AddressErased, AddressTaken, Gone, create_customer, edit_customer
from karibu.customers.forms import CustomerForm
from karibu.customers.models import Customer, Suggestion
from karibu.customers.tables import Customers
from karibu.customers.traits import COLUMNS
from karibu.web import fragments
from karibu.web.access import actor, allow
from karibu.web.stale import unchanged

PER_PAGE = 50


@allow()
@require_GET
def customers(request: HttpRequest) -> HttpResponseBase:
    open_suggestions = Suggestion.objects.filter(status=Suggestion.Status.OPEN).count()
    return Customers(request, queries.listed()).respond("customers/list.html", {"open_suggestions": open_suggestions})


@allow()
@require_GET
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    found = _found(customer_id)
    if found.merged_into:
        return redirect(_today(request, found), permanent=False)
    if found.erased_at:
        return render(request, "customers/erased.html", {"customer": found}, status=410)
    family = queries.family(found.pk)
    shown = panels.shown(found, family)
    context = {
        "customer": found,
        "local_time": page.local_time(found),
        "buttons": panels.buttons(found),
        "panels": [one for one in shown if one[0].order < panels.LAST],
        "last_panels": [one for one in shown if one[0].order >= panels.LAST],
        "identities": page.identities(found),
        "merges": page.merges(family),
        "traits": page.known_traits(family),
        **_timeline(request, found, family),
    }
    return render(request, "customers/customer.html", context)


@allow()
@require_GET
def customer_timeline(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The timeline of a kind, or its next older part; without htmx the whole page with it."""
    found = _found(customer_id)
    context = {"customer": found, **_timeline(request, found, queries.family(found.pk))}
    if not fragments.is_partial(request):
        return redirect(f"{found.get_absolute_url()}?{request.GET.urlencode()}")
    part = "customers/_older.html" if context["before"] else "customers/_timeline.html"
    return render(request, part, context)


def _timeline(request: HttpRequest, found: Customer, family: list[int]) -> dict[str, Any]:
    kind = request.GET.get("kind", "")
    kinds = timeline.kinds()
    before = _moment(request.GET.get("before", ""))
    since = None if before else page.lately(found)
    entries, older = timeline.page(family, before, PER_PAGE, kind if kind in kinds else "", since)
    query = {"before": older.isoformat(), **({"kind": kind} if kind else {})} if older else {}
    older_url = f"{found.get_absolute_url()}timeline/?{urlencode(query)}" if query else ""
    days = page.by_day(entries)
    return {
        "days": days,
        "kind": kind,
        "kinds": _named(kinds),
        "older_url": older_url,
        "follows": bool(older) and older == since,  # the page is not full: the rest comes by itself
        "before": before,
    }


def _named(kinds: list[str]) -> dict[str, str]:
    """The kinds with their words: those we know in our order, then the others."""
    words = sentences.kind_names()
    known = {kind: word for kind, word in words.items() if kind in kinds}
    return known | {kind: kind.capitalize() for kind in kinds if kind not in words}


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _found(customer_id: int) -> Customer:
    found = Customer.objects.select_related("activity").filter(pk=customer_id).first()
    if found is None:
        raise Http404
    return found


def _today(request: HttpRequest, found: Customer) -> str:
    """Where an old id leads: not for good in a browser's memory, as a merge can be undone."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return f"/customers/{found.merged_into}/{query}"


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = CustomerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_customer(form.cleaned_data, by=actor(request))
        except AddressTaken as taken:
            return _taken(request, form, taken, None)
        except AddressErased as gone:
            return _erased(request, form, gone, None)
        messages.success(request, _("The customer was added."))
        return redirect(made.get_absolute_url())
    return render(request, "customers/form.html", {"form": form}, status=422 if form.errors else 200)


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, customer_id: int) -> HttpResponse:
    found = _found(customer_id)
    if found.merged_into or found.erased_at:
        return redirect(found.get_absolute_url())
    shown = {name: getattr(found, name) for name in COLUMNS}
    form = CustomerForm(request.POST if request.method == "POST" else None, initial=shown)
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        try:
            edit_customer(found, form.changes, by=actor(request))
        except AddressTaken as taken:
            return _taken(request, form, taken, found)
        except AddressErased as gone:
            return _erased(request, form, gone, found)
        except Gone:
            return redirect(found.get_absolute_url())
        messages.success(request, _("Saved: what you typed now outweighs every other source."))
        return redirect(found.get_absolute_url())
    status = 422 if form.errors else 200
    return render(request, "customers/form.html", {"form": form, "customer": found}, status=status)


def _taken(request: HttpRequest, form: CustomerForm, taken: AddressTaken, found: Customer | None) -> HttpResponse:
    form.add_error(taken.field, str(taken))
    context = {"form": form, "customer": found, "other": Customer.objects.get(pk=taken.customer_id)}
    return render(request, "customers/form.html", context, status=422)


def _erased(request: HttpRequest, form: CustomerForm, gone: AddressErased, found: Customer | None) -> HttpResponse:
    form.add_error(gone.field, str(gone))
    return render(request, "customers/form.html", {"form": form, "customer": found}, status=422)
