"""A rehearsal's result in words, a picture and a tree: what its page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from karibu.journeys import queries
from karibu.journeys.definition import Definition
from karibu.journeys.explain import departure
from karibu.journeys.layout import Place
from karibu.journeys.models import Rehearsal
from karibu.messages import senders
from karibu.messages.status import explain
from karibu.segments.charts import Picture, day_axis
from karibu.web import formats
from karibu.web.charts import ACCENT, SECOND, whole


@dataclass(frozen=True)
class Card:
    """One step: how many came to it, went through, and what became of the others."""

    step: Any
    sentence: str
    numbers: Mapping[str, int]
    ways: Sequence["Track"]


@dataclass(frozen=True)
class Track:
    title: str
    people: int | None  # who went this way
    cards: Sequence[Card]


def headline(result: Mapping[str, Any], days: int) -> str:
    """The answer in one sentence."""
    one_in = result.get("one_in", 1)
    some = _(" (Reckoned from one person in %(n)s.)") % {"n": one_in} if one_in > 1 else ""
    return _headline(result, days) + some


def _headline(result: Mapping[str, Any], days: int) -> str:
    people = result.get("people", 0)
    if not people:
        return _("Nobody would have entered in these %(days)s days.") % {"days": days}
    came = ngettext("%(n)s person would have entered", "%(n)s people would have entered", people)
    parts = [came % {"n": formats.count(people)}]
    if result["entered"] > people:
        parts[0] += _(" (%(n)s times in all)") % {"n": formats.count(result["entered"])}
    written, messages = result["written"], result["messages"]
    if not written:
        return parts[0] + _("; none of them would have got a message.")
    got = ngettext("%(n)s of them would have got %(mean)s", "%(n)s of them would have got %(mean)s", written)
    mean = f"{messages / written:.1f}".removesuffix(".0")
    mails = _("one message") if mean == "1" else _("%(mean)s messages each") % {"mean": mean}
    return _("%(came)s, and %(got)s.") % {
        "came": parts[0],
        "got": got % {"n": formats.count(written), "mean": mails},
    }


def picture(rehearsal: Rehearsal) -> Picture:
    """Entries and messages of each day, from the first on which there was one."""
    days = _every_day(rehearsal)
    if len(days) < 2:
        return Picture(_("It is drawn when something would have happened on two days."), None)
    entered, messages, day, number, what = _("Entered"), _("Messages"), _("Day"), _("Number"), _("What")
    rows = [
        {day: when, what: name, number: n}
        for when, *both in days
        for name, n in zip((entered, messages), both, strict=True)
    ]
    axis = {"format": ",d", **whole(n for _when, *both in days for n in both)}
    encoding = {
        "x": {"field": day, "type": "temporal", "title": None, "axis": day_axis(len(days))},
        "y": {"field": number, "type": "quantitative", "title": None, "axis": axis},
        "color": {
            "field": what,
            "type": "nominal",
            "title": None,
            "scale": {"domain": [entered, messages], "range": [ACCENT, SECOND]},
        },
    }
    spec = {"data": {"values": rows}, "mark": {"type": "line"}, "encoding": encoding, "height": 150}
    return Picture(_peak(days), spec)


def _every_day(rehearsal: Rehearsal) -> list[tuple[str, int, int]]:
    known = {when: (entered, messages) for when, entered, messages in rehearsal.result.get("days", [])}
    if not known:
        return []
    first, last = date.fromisoformat(min(known)), max(date.fromisoformat(max(known)), rehearsal.until.date())
    days = ((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))
    return [(day, *known.get(day, (0, 0))) for day in days]


def _peak(days: Sequence[tuple[str, int, int]]) -> str:
    when, most, _messages = max(days, key=lambda one: one[1])
    mean = f"{sum(day[1] for day in days) / len(days):.1f}".removesuffix(".0")
    words = {"n": formats.count(most), "day": formats.moment(date.fromisoformat(when)), "mean": mean}
    return _("%(n)s enter on %(day)s, the most; %(mean)s on a day in the mean") % words


def track(definition: Definition, result: Mapping[str, Any]) -> Track:
    steps = result.get("steps", {})

    def drawn(title: str, people: int | None, places: Sequence[Place]) -> Track:
        return Track(title, people, [card(place) for place in places])

    def card(place: Place) -> Card:
        numbers = steps.get(str(place.position), {})
        sentence, names, ways = place.step.sentence(), place.step.way_names(), numbers.get("ways", {})
        below = [drawn(names[way], ways.get(way, 0), within) for way, within in place.ways.items()]
        return Card(place.step, sentence[:1].upper() + sentence[1:], numbers, below)

    return drawn("", None, definition.layout.first)


def ended(result: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Where they were in the end, the most first; who left, with what they did."""
    counts, left = result.get("ended", {}), result.get("left", {})
    rows = [(_("Went through to the end"), counts.get("finished", 0)), (_("Still inside"), counts.get("active", 0))]
    rows.append((_("Held out by chance"), counts.get("held", 0)))
    rows += [(_("Left: %(reason)s") % {"reason": departure(reason)}, n) for reason, n in left.items()]
    rows += [(_("Set aside: %(reason)s") % {"reason": reason}, n) for reason, n in result.get("failed", {}).items()]
    return sorted([row for row in rows if row[1]], key=lambda row: -row[1])


def gate(result: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """(what, why, how many messages): held for a while, or never sent."""
    rows = [(_("Held"), explain(reason), n) for reason, n in result.get("held", {}).items()]
    return rows + [(_("Not sent"), explain(reason), n) for reason, n in result.get("refused", {}).items()]


def crowd(result: Mapping[str, Any]) -> list[tuple[str, int]]:
    """How many messages a person would have got."""
    each = sorted((int(n), people) for n, people in result.get("each", {}).items())
    shown, rest = each[:5], sum(people for _n, people in each[5:])
    rows = [(ngettext("%(n)s message", "%(n)s messages", n) % {"n": n}, people) for n, people in shown]
    return [*rows, *([(_("more"), rest)] if rest else [])]


def collisions(result: Mapping[str, Any]) -> list[tuple[str, str, str, int]]:
    """(whose, its address, what, how many)."""
    others = result.get("others", {})
    names = queries.names([int(number) for number in others])
    rows = [
        (
            names.get(int(number), f"#{number}"),
            f"/journeys/{number}/",
            ngettext("person was in it at the same time", "people were in it at the same time", n),
            n,
        )
        for number, n in others.items()
    ]
    near = result.get("near", {})
    called = senders.names(near)

    def said(n: int) -> str:
        return ngettext(
            "message of this one comes within a day of one that it really sent",
            "messages of this one come within a day of one that it really sent",
            n,
        )

    return rows + [(called[sender], senders.url(sender), said(n), n) for sender, n in near.items()]


def cost(result: Mapping[str, Any], price: Decimal | None) -> list[tuple[str, str, int, Decimal | None]]:
    """(channel, country, messages, what they cost at this price each), where a provider asks for money."""
    return [
        (channel, country or _("unknown country"), n, None if price is None else n * price)
        for channel, countries in result.get("countries", {}).items()
        for country, n in countries.items()
    ]


def share(rehearsal: Rehearsal) -> int:
    """How much of it has been told, in percent."""
    return 100 * rehearsal.done // rehearsal.total if rehearsal.total else 0
