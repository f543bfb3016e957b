"""On a customer's page: consents that a colleague records, and erasing the person."""

import tempfile
from typing import Any

from django.contrib import messages as flashes
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from karibu.consents import access, actions, erasure, history, queries
from karibu.consents.forms import ConsentForm, EraseForm, EraseManyForm
from karibu.customers.models import Customer
from karibu.customers.queries import family, listed
from karibu.web.access import actor, allow
from karibu.web.tables import chosen


@allow()
@require_http_methods(["GET", "HEAD", "POST"])
def consents(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The whole ledger of one person; a POST adds what they told a colleague."""
    customer = get_object_or_404(Customer, pk=customer_id, erased_at=None)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.record_consents([form.statement(customer.pk, by=actor(request))])
        _tell(request, customer.pk, form.cleaned_data)
        return redirect("customer-consents", customer_id)
    context = {
        "customer": customer,
        "marks": history.standing(customer),
        "steps": history.told(family(customer.pk)),
        "form": form,
    }
    return render(request, "consents/history.html", context, status=422 if form.errors else 200)


@allow("marketer")
@require_POST
def lift_block(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Writes to a blocked address again: a bounce was the server's mistake, a complaint was taken back."""
    customer = get_object_or_404(Customer, pk=customer_id, erased_at=None)
    if actions.lift_suppression("email", customer.email, by=actor(request)):
        flashes.success(request, _("The address is written to again."))
    return redirect(f"/customers/{customer_id}/")


def _tell(request: HttpRequest, customer_id: int, said: dict[str, Any]) -> None:
    status = queries.in_force([customer_id], said["channel"], said["topic"]).get(customer_id)
    if status == said["status"]:
        flashes.success(request, _("The consent is recorded."))
    else:
        flashes.warning(
            request,
            _("Recorded, but it is not in force: they withdrew by themselves, and only they can agree again."),
        )


@allow("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Asks for the customer's number to be typed; there is no way back."""
    return _ask_then(request, customer_id, "consents/erase.html")


@allow("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def anonymise(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The same, for taking the person out and leaving what happened."""
    return _ask_then(request, customer_id, "consents/anonymise.html", keeps_numbers=True)


def _ask_then(request: HttpRequest, customer_id: int, page: str, *, keeps_numbers: bool = False) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=customer_id, erased_at=None, merged_into=None)
    form = EraseForm(request.POST or None, number=customer.pk)
    if request.method == "POST" and form.is_valid():
        _do(request, customer.pk, keeps_numbers=keeps_numbers)
        return redirect(f"/customers/{customer.pk}/")
    return render(request, page, {"customer": customer, "form": form}, status=422 if form.errors else 200)


def _do(request: HttpRequest, number: int, *, keeps_numbers: bool) -> None:
    _begun, why = erasure.erase_soon(number, by=actor(request), keeps_numbers=keeps_numbers)
    if why:
        flashes.warning(request, _("It has begun, and goes on by itself: %(why)s") % {"why": why})
        return
    words = _("Customer %(number)s is erased: everything that named them is gone from the database.")
    if keeps_numbers:
        words = _("Customer %(number)s is nobody any more: all that named them is gone from the database.")
    rest = _("Their events follow in a few minutes; the audit log says when that is done.")
    flashes.success(request, f"{words % {'number': number}} {rest}")


@allow("owner")
@require_POST
def erase_many(request: HttpRequest) -> HttpResponse:
    """The customers that were ticked in the list: asks how many they are, then leaves it to a worker."""
    people = list(listed().filter(pk__in=chosen(request)).order_by("pk"))
    if not people:
        flashes.error(request, _("None of the chosen customers is there any more."))
        return redirect("/customers/")
    form = EraseManyForm(request.POST if "number" in request.POST else None, number=len(people))
    if form.is_bound and form.is_valid():
        keeps_numbers = request.POST.get("how") == "anonymise"
        begun = len(erasure.begin([one.pk for one in people], by=actor(request), keeps_numbers=keeps_numbers))
        said = ngettext("%(n)d customer is being erased.", "%(n)d customers are being erased.", begun)
        if keeps_numbers:
            said = ngettext(
                "%(n)d customer is being made anonymous.", "%(n)d customers are being made anonymous.", begun
            )
        flashes.success(request, said % {"n": begun})
        return redirect("/customers/")
    context = {"people": people, "form": form}
    return render(request, "consents/erase_many.html", context, status=422 if form.errors else 200)


@allow("owner")
@require_POST
def archive(request: HttpRequest, customer_id: int) -> FileResponse:
    """All that is known of a person, to hand to them. A POST, since it is written down that it was made."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    try:
        access.write(customer_id, file, by=actor(request))
    except access.NobodyThere:
        file.close()
        raise Http404 from None
    file.seek(0)
    return FileResponse(
        file, as_attachment=True, filename=f"customer-{customer_id}.zip", content_type="application/zip"
    )
