"""The list of imports and the rows that one of them set aside."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.imports.models import Import
from karibu.web.tables import Choice, Column, Empty, Table

KINDS = {"customers": _("Customers"), "products": _("Products"), "orders": _("Orders"), "events": _("Events")}
STATUS = {
    "draft": _("not started"),
    "queued": _("waiting"),
    "running": _("running"),
    "stopped": _("stopped"),
    "done": _("done"),
    "failed": _("failed"),
    "undoing": _("being undone"),
    "undone": _("undone"),
}
TONES = {"done": "good", "running": "info", "queued": "info", "undoing": "info", "failed": "bad", "stopped": "warn"}


class Imports(Table):
    name = "imports"
    columns = [
        Column("file", _("File"), "filename", link=lambda one: f"/imports/{one.pk}/"),
        Column("kind", _("What"), lambda one: KINDS[one.kind]),
        Column("status", _("Status"), lambda one: STATUS[one.status], kind="badge",
               tone=lambda one: TONES.get(one.status, "quiet")),
        Column("created", _("Uploaded"), "created_at", kind="ago", sort="created_at"),
        Column("by", _("By")),
        Column("rejected", _("Set aside"), lambda one: one.counts.get("rejected") or None, kind="count"),
        Column("rows", _("Rows"), "total", kind="count"),
    ]  # fmt: skip
    filters = [
        Choice("kind", _("What"), choices=list(KINDS.items())),
        Choice("status", _("Status"), choices=list(STATUS.items())),
    ]
    order = "-created"
    empty = Empty(
        _("Nothing was imported yet"),
        _("Bring your customers, products, past orders or events: CSV, Excel, JSON lines or Parquet. Every import"
          " shows beforehand what it understood, and can be undone."),
        "/imports/new/",
        _("Import a file"),
    )  # fmt: skip


class RejectedRows(Table):
    name = "rejected-rows"
    columns = [
        Column("line", _("Line"), sort="line"),
        Column("field", _("Field")),
        Column("reason", _("Why it was set aside")),
        Column("row", _("The row"), lambda one: _cells(one.row)),
    ]
    order = "line"


def listed() -> Any:
    return Import.objects.all()


def _cells(row: dict[str, str]) -> str:
    return " · ".join(f"{name}: {cell}" for name, cell in row.items())[:300]
