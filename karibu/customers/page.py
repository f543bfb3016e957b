"""What the page of one customer shows, gathered."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.customers.merging import merges_of
from karibu.customers.models import Customer, Identity, Trait
from karibu.customers.queries import labels
from karibu.customers.strength import WORDS, Strength
from karibu.customers.timeline import Entry
from karibu.customers.traits import COLUMNS
from karibu.web.viewer import zone


@dataclass(frozen=True)
class KnownTrait:
    """One trait with its effective word first and every other source's word behind it."""

    name: str
    value: Any
    source: str
    weight: Any
    time: datetime
    others: Sequence[Trait]


@dataclass(frozen=True)
class Day:
    """One day of the timeline, in the viewer's zone."""

    day: date
    entries: list[Entry]


def known_traits(family: list[int]) -> list[KnownTrait]:
    """What is known with who said so: the columns' traits first, then the others by name."""
    rows: QuerySet[Trait] = Trait.objects.filter(customer_id__in=family).exclude(value=None)
    ordered = sorted(rows, key=lambda row: (row.name not in COLUMNS, row.name, -row.strength, -row.time.timestamp()))
    groups = itertools.groupby(ordered, key=lambda row: row.name)
    return [_known(name, [row for row in words if row.value is not None]) for name, words in groups]


def _known(name: str, words: list[Trait]) -> KnownTrait:
    best, *others = words
    for word in words:
        word.value = in_words(word.value)
        word.weight = WORDS[Strength(word.strength)]  # type: ignore[attr-defined]
    return KnownTrait(name, best.value, best.source, WORDS[Strength(best.strength)], best.time, others)


def in_words(value: Any) -> str:
    """A trait's value as people read it: an address is its parts, a truth is yes or no."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(in_words(part) for part in value.values() if part not in (None, ""))
    if isinstance(value, list):
        return ", ".join(in_words(part) for part in value)
    return str(value)


def local_time(customer: Customer) -> datetime | None:
    """What their clock shows now, where their zone is known (naive: it is shown as it stands)."""
    if not customer.timezone:
        return None
    return datetime.now(zone(customer.timezone)).replace(tzinfo=None)


def identities(customer: Customer) -> list[Identity]:
    """How this person is recognised, the strong identifiers first."""
    order = [Identity.Kind.EXTERNAL, Identity.Kind.EMAIL, Identity.Kind.PHONE, Identity.Kind.ANONYMOUS]
    found = Identity.objects.filter(customer_id=customer.pk)[:200]
    return sorted(found, key=lambda identity: (order.index(Identity.Kind(identity.kind)), identity.first_seen))


def merges(family: list[int]) -> list[dict[str, Any]]:
    """The merges in force, with the name of who was joined."""
    found = merges_of(family)
    names = labels(merge.loser for merge in found) if found else {}
    return [{"merge": merge, "label": names.get(merge.loser, "")} for merge in found]


def lately(customer: Customer) -> datetime | None:
    """Since when their page shows at once what they did: the month in which they were last seen, at least two weeks.

    The log keeps files by month, and each one that is opened takes its time.
    """
    activity = getattr(customer, "activity", None)
    if activity is None:
        return None
    month: datetime = (activity.last_seen - timedelta(days=14)).astimezone(UTC).replace(day=1)
    return month.replace(hour=0, minute=0, second=0, microsecond=0)


def by_day(entries: list[Entry]) -> list[Day]:
    """The entries under their days, in the viewer's zone; both newest first."""
    days = itertools.groupby(entries, key=lambda entry: timezone.localtime(entry.at).date())
    return [Day(day, list(rows)) for day, rows in days]
