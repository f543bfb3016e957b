"""What is known of the events without reading the log: counts, names, how lately."""

from datetime import date, datetime, timedelta

from django.db.models import Max, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from karibu.events import log, snapshot
from karibu.events.models import EventCount, Lake, TailBlock


def has_any() -> bool:
    return EventCount.objects.exists()


def names(since: datetime | None = None) -> list[tuple[str, int]]:
    """Every event name and how many there were since then, most first."""
    return _by("name", since)


def sources() -> list[tuple[str, int]]:
    return _by("source", None)


def per_day(days: int) -> list[tuple[date, int]]:
    """How many events each of the last days had, today last, in the active time zone. (By whole hours.)"""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    start = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    rows = EventCount.objects.filter(hour__gte=start).annotate(day=TruncDate("hour")).values_list("day")
    counted = dict(rows.annotate(n=Sum("count")).order_by("day"))
    return [(day, counted.get(day, 0)) for day in (first + timedelta(days=n) for n in range(days))]


def this_hour() -> int:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    return EventCount.objects.filter(hour=hour).aggregate(n=Sum("count"))["n"] or 0


def total(source: str = "", name: str = "") -> int:
    """How many events the log holds, of this source and name where given."""
    found = EventCount.objects.all()
    found = found.filter(source=source) if source else found
    found = found.filter(name=name) if name else found
    return found.aggregate(n=Sum("count"))["n"] or 0


def last_arrival() -> datetime | None:
    """When the newest event was taken: to the moment while it waits in the tail, else when it happened."""
    newest: datetime | None = TailBlock.objects.aggregate(at=Max("created_at"))["at"]
    if newest:
        return newest
    return next((event.received_at for event in log.recent(1)), None)


def is_any_after(moment: datetime) -> bool:
    """Whether the log holds an event of a later time."""
    if TailBlock.objects.filter(last_time__gt=moment).exists():
        return True
    return snapshot.read(lambda taken: any(file.times[1] > moment for file in taken.files), ())


def trouble() -> str:
    """Why the lake cannot be written, in one sentence; empty when all is well. Nothing is lost meanwhile."""
    return Lake.objects.values_list("trouble", flat=True).first() or ""


def _by(column: str, since: datetime | None) -> list[tuple[str, int]]:
    found = EventCount.objects.filter(hour__gte=since) if since else EventCount.objects.all()
    return list(found.values_list(column).annotate(n=Sum("count")).filter(n__gt=0).order_by("-n", column))
