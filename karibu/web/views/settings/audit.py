from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from karibu.web import access
from karibu.web.models import AuditEntry
from karibu.web.tables import Column, Dates, Empty, Table


class Audit(Table):
    name = "audit"
    columns = [
        Column("at", _("When"), kind="moment", sort="at"),
        Column("actor", _("Who")),
        Column("verb", _("Did")),
        Column("subject", _("To what")),
        Column("detail", _("Detail"), value=lambda entry: ", ".join(f"{k}: {v}" for k, v in entry.detail.items())),
    ]
    filters = [Dates("at", _("When"))]
    order = "-at"
    search_label = _("Search who, did or to what")
    empty = Empty(_("Nothing was done yet"), _("Whatever colleagues and programs change stands here from then on."))

    def search(self, rows: QuerySet[AuditEntry], text: str) -> Any:
        return rows.filter(Q(actor__icontains=text) | Q(verb__icontains=text) | Q(subject__icontains=text))


@access.allow("owner")
def audit(request: HttpRequest) -> HttpResponseBase:
    return Audit(request, AuditEntry.objects.all()).respond("web/settings/audit.html")
