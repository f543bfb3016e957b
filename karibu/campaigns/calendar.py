"""Everything that goes out, day by day: campaigns that are planned or were sent, posts, and what journeys are likely
to send.

A journey's expectation for a day to come is the mean of what it sent on the same weekday of the last four weeks.
"""

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from karibu.campaigns.models import Campaign
from karibu.campaigns.tables import TONES
from karibu.messages import senders
from karibu.messages.channels.models import Post
from karibu.messages.channels.social.views import TONES as POST_TONES
from karibu.web.access import allow

WEEKS = 4

_SENT = """
    SELECT (sent_at AT TIME ZONE %(zone)s)::date, sender, count(*) FROM messages_message
    WHERE sent_at >= %(since)s AND sent_at < %(until)s GROUP BY 1, 2"""


@dataclass
class Entry:
    """Something on a day. `people` is None where nobody knows yet; `is_expected`: reckoned, not counted."""

    words: str
    url: str
    people: int | None
    tone: str = "quiet"
    hour: str = ""
    is_expected: bool = False


@dataclass
class Day:
    day: date
    is_inside: bool  # of the month that is shown
    is_today: bool
    entries: list[Entry] = field(default_factory=list)

    @property
    def people(self) -> int:
        return sum(entry.people or 0 for entry in self.entries)


@require_safe
@allow()
def month_page(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    first = _month(request.GET.get("month", ""), today)
    days = month(first, today)
    context: dict[str, Any] = {
        "first": first,
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (first + timedelta(days=31)).replace(day=1).strftime("%Y-%m"),
        "is_empty": not any(day.entries for day in days),
    }
    return render(request, "campaigns/calendar.html", context)


def _month(text: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def month(first: date, today: date) -> list[Day]:
    """The days of whole weeks that hold this month."""
    dates = list(calendar.Calendar().itermonthdates(first.year, first.month))
    days = {one: Day(one, one.month == first.month, one == today) for one in dates}
    _campaigns(days)
    _posts(days)
    _senders(days, today)
    return list(days.values())


def _campaigns(days: dict[date, Day]) -> None:
    begin, end = _midnight(min(days)), _midnight(max(days) + timedelta(days=1))
    planned = Q(begun_at=None, starts_at__gte=begin - timedelta(days=2), starts_at__lt=end + timedelta(days=2))
    sent = Q(begun_at__gte=begin, begun_at__lt=end)
    for one in Campaign.objects.filter(planned | sent).exclude(status="draft").order_by("starts_at", "id"):
        on = one.day if one.day and one.begun_at is None else timezone.localtime(one.begun_at or one.starts_at).date()
        if on in days:
            hour = f"{one.hour:%H:%M}" if one.hour and one.when != "now" else ""
            people = one.audience if one.begun_at else None
            days[on].entries.append(Entry(one.name, one.get_absolute_url(), people, TONES[one.status], hour))


def _posts(days: dict[date, Day]) -> None:
    """Those that are planned on their day, those that were posted on that of their posting."""
    begin, end = _midnight(min(days)), _midnight(max(days) + timedelta(days=1))
    found = Post.objects.annotate(at=Coalesce("sent_at", "due_at")).filter(at__gte=begin, at__lt=end)
    for post in found.exclude(status=Post.Status.CANCELLED).select_related("account").order_by("at", "id"):
        at = timezone.localtime(post.at)
        words = _("%(network)s: %(text)s") % {"network": post.account.name, "text": Truncator(post.text).chars(60)}
        url = f"{reverse('posts')}#post-{post.pk}"
        days[at.date()].entries.append(Entry(words, url, None, POST_TONES[post.status], f"{at:%H:%M}"))


def _senders(days: dict[date, Day], today: date) -> None:
    """What journeys sent on each day, and what they are likely to send on those to come."""
    since = min(min(days), today - timedelta(weeks=WEEKS))
    sent = _sent(since, min(max(days), today) + timedelta(days=1))
    names = senders.names({sender for _day, sender in sent})
    usual: dict[tuple[str, int], int] = defaultdict(int)
    for (day, sender), number in sent.items():
        if day in days:
            days[day].entries.append(Entry(names[sender], senders.url(sender), number))
        if today - timedelta(weeks=WEEKS) <= day < today:
            usual[sender, day.weekday()] += number
    for (sender, weekday), number in sorted(usual.items()):
        expected = round(number / WEEKS)
        for day in (day for day in days if day > today and day.weekday() == weekday and expected):
            days[day].entries.append(Entry(names[sender], senders.url(sender), expected, is_expected=True))


def _sent(since: date, until: date) -> dict[tuple[date, str], int]:
    zone = timezone.get_current_timezone_name()
    with connection.cursor() as cursor:
        cursor.execute(_SENT, {"zone": zone, "since": _midnight(since), "until": _midnight(until)})
        rows = cursor.fetchall()
    is_shown = {sender: not sender.startswith("campaign:") and sender != senders.TEST for _, sender, _ in rows}
    return {(day, sender): n for day, sender, n in rows if is_shown[sender]}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
