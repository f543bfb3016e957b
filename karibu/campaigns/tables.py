"""The list of campaigns, each with how it stands and what came of it."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from karibu.campaigns import queries
from karibu.campaigns.models import Campaign
from karibu.web.tables import Choice, Column, Empty, QuerysetRows, Rows, Slice, Table

TONES = {
    "draft": "quiet", "awaiting": "warn", "scheduled": "info", "sending": "info", "paused": "warn", "sent": "good",
    "cancelled": "quiet", "missed": "bad",
}  # fmt: skip


class CountedCampaigns(QuerysetRows):
    """Campaigns, each knowing its results, by one query for the page."""

    def take(self, wanted: Slice) -> list[Campaign]:
        rows: list[Campaign] = super().take(wanted)
        found = queries.results(rows)
        for row in rows:
            row.results = found[row.pk]  # type: ignore[attr-defined]
        return rows


def _rate(name: str) -> Any:
    """Of those whom it reached; nothing before it reached anybody."""
    return lambda row: row.results[name] / row.results["sent"] if row.results["sent"] else None


class Campaigns(Table):
    name = "campaigns"
    columns = [
        Column("name", _("Campaign"), sort="name", link=lambda campaign: campaign.get_absolute_url()),
        Column("status", _("State"), value="get_status_display", kind="badge", tone=lambda one: TONES[one.status]),
        Column("starts", _("Begins"), "starts_at", kind="moment"),
        Column("audience", _("People"), kind="count"),
        Column("sent", _("Sent"), "results.sent", kind="count"),
        Column("opened", _("Opened"), _rate("opened"), kind="percent"),
        Column("clicked", _("Clicked"), _rate("clicked"), kind="percent"),
        Column("by", _("By"), "created_by", shown=False),
        Column("made", _("Made"), "created_at", kind="ago", sort="id"),
    ]
    filters = [Choice("status", _("State"), choices=Campaign.Status.choices)]
    order = "-made"
    search_label = _("Search campaigns")
    empty = Empty(
        _("No campaign yet"),
        _("A campaign writes to many people once: a segment, a template and an hour are enough. Karibu shows before "
          "you launch it who would not get it and why, and afterwards what it really earned."),
        "/campaigns/new/",
        _("Make a campaign"),
    )  # fmt: skip

    def search(self, rows: QuerySet[Campaign], text: str) -> QuerySet[Campaign]:
        return rows.filter(name__icontains=text)

    def rows_of(self, source: Any) -> Rows:
        return CountedCampaigns(self.narrowed(source))
