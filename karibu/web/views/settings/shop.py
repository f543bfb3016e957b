from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from karibu.web import access, setting
from karibu.web.actions import record
from karibu.web.forms import ShopForm
from karibu.web.queries import shop as the_shop
from karibu.web.stale import unchanged


@access.allow("owner")
def shop(request: HttpRequest) -> HttpResponse:
    form = ShopForm(request.POST or None, instance=the_shop())
    if request.method == "POST" and form.is_valid() and unchanged(request, form):
        with transaction.atomic():
            if "currency" in form.changed_data:
                setting.announce_currency(form.cleaned_data["currency"])
            form.save()
            record(access.actor(request), "changed shop", "shop", fields=form.changed_data)
        messages.success(request, _("The shop's settings are saved."))
        return redirect("settings-shop")
    return render(request, "web/settings/shop.html", {"form": form}, status=422 if form.errors else 200)
