"""What a recipe is: a journey of the shop's own in the making, and what it needs before it can do its work."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from karibu.events.models import EventCount
from karibu.journeys.definition import Definition, parse
from karibu.segments import actions as segments
from karibu.segments.recipes import RECIPES as READY_MADE

Raw = dict[str, Any]
LATELY = 30  # days


@dataclass(frozen=True)
class Need:
    """Something that is missing, or (`is_extra`) that would make it better, and where it can be had."""

    words: str
    url: str
    label: str
    is_extra: bool = False


@dataclass(frozen=True)
class Recipe:
    """`why` is what the shop gains by it, in a sentence. `segment`: the ready-made one that its entry means by 0; it is
    made together with the journey."""

    key: str
    icon: str
    name: str | Promise
    why: str | Promise
    definition: Callable[[], Raw]
    segment: str = ""
    needs: Callable[[], Iterable[Need]] = tuple

    @property
    def parsed(self) -> Definition:
        return parse(self.definition())

    def sentence(self) -> str:
        """The whole journey in words."""
        said = self.parsed.sentence()
        return said.replace("“#0”", f"“{READY_MADE[self.segment].name}”") if self.segment else said

    def missing(self, seen: Collection[str]) -> list[Need]:
        """What is not there yet; `seen` are the names of events that came in lately."""
        names = self.parsed.entry.names
        found = list(self.needs())
        if names and not set(names) & set(seen):
            words = _("events called %(names)s; none has come in lately.") % {"names": _(" or ").join(names)}
            found.insert(0, Need(words, "/settings/sources/", _("Connect your shop")))
        return found

    def made_ours(self, by: str) -> Raw:
        """The definition for this shop; its segment is made where there is none yet."""
        raw = self.definition()
        if self.segment:
            raw["entry"]["segment"] = segments.adopt(self.segment, by=by).pk
        return raw


def seen() -> set[str]:
    """The names of all events that came in lately."""
    since = timezone.now() - timedelta(days=LATELY)
    return set(EventCount.objects.filter(hour__gte=since).values_list("name", flat=True).distinct())


# --- how recipes are written -----------------------------------------------------------------------------------------


def send(template: str, channel: str = "email") -> Raw:
    return {"send": {"template": template, "channel": channel}}


def wait(**length: int) -> Raw:
    return {"wait": length}


def morning(at: str = "10:00") -> Raw:
    """So that nobody gets it at the hour at which they happened to order."""
    return {"wait_until": {"at": at}}


def unless(happens: str | list[str], within: Raw, late: list[Raw], came: list[Raw] | None = None, **where: Any) -> Raw:
    """Waits for that to happen; whoever lets the time go by goes the way `late`."""
    rule: Raw = {"event": happens, **where}
    return {"wait_for": {"happens": rule, "within": within}, "ways": {"happened": came or [], "late": late}}


def branch(condition: Raw, yes: list[Raw], no: list[Raw]) -> Raw:
    return {"branch": {"if": condition}, "ways": {"yes": yes, "no": no}}


def leave(because: str) -> Raw:
    return {"leave": {"because": because}}
