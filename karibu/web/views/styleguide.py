"""Every component in every state: what pages are put together from, and how to write each."""

import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from karibu.web import access, charts, icons
from karibu.web.running import Running
from karibu.web.tables import Choice, Column, Empty, Flag, Range, Rows, Slice, Table

NAMES = ["Amina Uwase", "Thabo Nkosi", "Beatriz Lima", "Juma Otieno", "Nomsa Dlamini", "Eric Habimana", "Ana Sousa"]
TONES = {"sent": "good", "held": "warn", "failed": "bad", "new": "info", "draft": "quiet"}


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="As it stands on the label.")
    country = forms.ChoiceField(label="Country", choices=[("RW", "Rwanda"), ("ZA", "South Africa"), ("BR", "Brazil")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agreed = forms.BooleanField(label="Send a copy to me", required=False)
    amount = forms.DecimalField(label="Amount", min_value=0)


class InMemory(Rows):
    """Rows that are no queryset: a list of dicts, in the order of one key."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def take(self, wanted: Slice) -> list[Any]:
        rows = list(self.rows)
        for column in reversed(wanted.key):
            rows.sort(key=lambda row: row[column.lstrip("-")], reverse=column.startswith("-"))
        if wanted.backwards:
            rows.reverse()
        at = [self.key_of(row, wanted.key) for row in rows].index(wanted.after) + 1 if wanted.after else 0
        return rows[at : at + wanted.limit]

    def key_of(self, row: Any, key: Any) -> list[Any]:
        return [row[column.lstrip("-")] for column in key]

    def count(self, most: int | None = None) -> int:
        return len(self.rows)


class Samples(Table):
    name = "samples"
    columns = [
        Column("name", "Customer", sort="name", link=lambda row: f"?sort=name#{row['id']}"),
        Column("status", "Status", kind="badge", tone=lambda row: TONES[row["status"]]),
        Column("seen", "Last seen", kind="ago", sort="seen"),
        Column("orders", "Orders", kind="count", sort="orders"),
        Column("spent", "Spent", kind="money", currency="currency", sort="spent"),
        Column("id", "Number", kind="count", shown=False),
    ]
    filters = [
        Choice("status", "Status", choices=[(name, name) for name in TONES]),
        Range("orders", "Orders"),
        Flag("sent", "Only those who were sent something"),
    ]
    has_boxes = True
    order = "-seen"
    page_size = 8
    search_label = "Search customers"
    empty = Empty("No customers yet", "They appear with the first event of your shop.", "/settings/", "Connect a shop")

    def rows_of(self, source: list[dict[str, Any]]) -> Rows:
        status, low, high = (self.state.get(name, "") for name in ("status", "orders_min", "orders_max"))
        found = [row for row in source if self.text.lower() in row["name"].lower() and status in ("", row["status"])]
        found = [row for row in found if not low.isdigit() or row["orders"] >= int(low)]
        found = [row for row in found if not high.isdigit() or row["orders"] <= int(high)]
        return InMemory([row for row in found if self.state.get("sent") != "1" or row["status"] == "sent"])

    def everything(self, source: list[dict[str, Any]]) -> Rows:
        return InMemory(source)


@access.allow()
def styleguide(request: HttpRequest) -> HttpResponseBase:
    if not request.headers.get("HX-Request"):
        messages.success(request, "The journey is published. 412 people are waiting in it.")
        messages.warning(request, "Mail is held: quiet hours until 08:00. Nothing is lost; it goes out then.")
        messages.error(request, "The file could not be read after row 1,204. What came before is kept. Try it again.")
    now = timezone.now()
    context: dict[str, Any] = {
        "form": Sample(),
        "wrong": Sample({"name": "", "country": "RW", "amount": "-1"}, auto_id="wrong_%s"),
        "icons": sorted(icons.PATHS),
        "tones": TONES,
        "moments": [now - datetime.timedelta(seconds=s) for s in (2, 40, 300, 7200, 90_000, 400_000, 9_000_000)],
        "ramps": ["paper", "surface", "sunken", "line", "line-2", "ink-3", "ink-2", "ink", "accent", "accent-fill"],
        "series": [3, 5, 4, 8, 6, 9, 12, 10, 14, 13, 17, 21],
        "line": _line(),
        "bars": _bars(),
        "works": [Running("Import of orders.csv", "#", 41_200, 155_848), Running("Spring offer", "#", 900)],
        "nobody": Samples(request, []),
    }
    return Samples(request, _rows(now)).respond("web/styleguide.html", context)


def _rows(now: datetime.datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": n,
            "name": f"{NAMES[n % 7]}" + (f" {n // 7 + 1}" if n > 6 else ""),
            "status": list(TONES)[n % 5],
            "seen": now.replace(microsecond=0) - datetime.timedelta(hours=n * n),
            "orders": n * 7 % 23,
            "spent": Decimal(n * 7 % 23) * Decimal("54.90"),
            "currency": "USD" if n % 3 else "RWF",
        }
        for n in range(1, 30)
    ]


def _line() -> dict[str, Any]:
    days = [{"day": f"2026-11-{day:02}", "revenue": 400 + day * 31 + (day * 97) % 210} for day in range(1, 23)]
    encoding = {
        "x": {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%e %b", "tickCount": 6}},
        "y": {"field": "revenue", "type": "quantitative", "title": None},
    }
    return {"data": {"values": days}, "layer": [{"mark": "area"}, {"mark": "line"}], "encoding": encoding}


def _bars() -> dict[str, Any]:
    found = [("Kigali", 412), ("Nairobi", 287), ("Cape Town", 198), ("São Paulo", 121), ("Lisbon", 64)]
    encoding = {
        "y": {"field": "city", "type": "nominal", "sort": "-x", "title": None},
        "x": {"field": "customers", "type": "quantitative", "title": None, "axis": None},
    }
    label = {"mark": {"type": "text", "align": "left", "dx": 5, "color": charts.INK}}
    label["encoding"] = {"text": {"field": "customers", "type": "quantitative"}}
    values = [{"city": city, "customers": number} for city, number in found]
    return {"data": {"values": values}, "layer": [{"mark": "bar"}, label], "encoding": encoding, "height": 150}
