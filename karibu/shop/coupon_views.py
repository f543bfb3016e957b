"""Coupon pools: how many codes are left, who has which, which were used; and adding more."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from karibu.shop import coupons
from karibu.shop.coupon_forms import CodesForm, PoolForm
from karibu.shop.coupon_tables import Coupons, Pools, listed_coupons, listed_pools, numbers_of
from karibu.shop.models import CouponPool
from karibu.web.access import actor, allow
from karibu.web.actions import record
from karibu.web.formats import count


@require_safe
@allow()
def pools(request: HttpRequest) -> HttpResponseBase:
    return Pools(request, listed_pools()).respond("shop/coupons.html", {"tab": "coupons"})


@require_http_methods(["GET", "HEAD", "POST"])
@allow("marketer")
def new(request: HttpRequest) -> HttpResponse:
    form, codes = PoolForm(request.POST or None), CodesForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and codes.is_valid():
        with transaction.atomic():
            made = form.save()
            record(actor(request), "created coupon pool", f"coupon pool {made.pk}", name=made.name)
            _fill(request, made, codes)
        return redirect(made)
    wrong = form.errors or codes.errors
    return render(request, "shop/coupons_new.html", {"form": form, "codes": codes}, status=422 if wrong else 200)


@require_safe
@allow()
def pool(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(CouponPool, pk=pk)
    return _shown(request, found)


@require_POST
@allow("marketer")
def edit(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(CouponPool, pk=pk)
    form = PoolForm(request.POST, instance=found)
    if not form.is_valid():
        return _shown(request, CouponPool.objects.get(pk=pk), form=form)
    with transaction.atomic():
        form.save()
        record(actor(request), "changed coupon pool", f"coupon pool {pk}", fallback=found.fallback)
    messages.success(request, _("Saved."))
    return redirect(found)


@require_POST
@allow("marketer")
def fill(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Adds codes, made here or brought along."""
    found = get_object_or_404(CouponPool, pk=pk)
    codes = CodesForm(request.POST, request.FILES)
    if not codes.is_valid():
        return _shown(request, found, codes=codes)
    _fill(request, found, codes)
    return redirect(found)


def _fill(request: HttpRequest, found: CouponPool, form: CodesForm) -> None:
    given = form.cleaned_data
    made = known = 0
    if given["number"]:
        made = coupons.generate(found, given["number"], by=actor(request), prefix=given["beginning"])
    if form.lines():
        added, known = coupons.bring_in(found, form.lines(), by=actor(request))
        made += added
    said = ngettext("%(n)s code was added.", "%(n)s codes were added.", made) % {"n": count(made)}
    if known:
        said += " " + ngettext("%(n)s was known already.", "%(n)s were known already.", known) % {"n": count(known)}
    messages.success(request, said)


def _shown(
    request: HttpRequest, found: CouponPool, form: PoolForm | None = None, codes: CodesForm | None = None
) -> HttpResponseBase:
    context: dict[str, Any] = {
        "pool": found,
        "numbers": numbers_of(found),
        "form": form or PoolForm(instance=found),
        "codes": codes or CodesForm(),
        "tab": "coupons",
    }
    if form or codes:
        return render(request, "shop/coupon_pool.html", context | {"table": Coupons(request, listed_coupons(found))},
                      status=422)  # fmt: skip
    return Coupons(request, listed_coupons(found)).respond("shop/coupon_pool.html", context)
