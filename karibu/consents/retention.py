"""For how long each class of data is kept. A class without a rule is kept; a dry run says what a rule would take."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from karibu.collect import keeping
from karibu.collect.models import RejectedEvent
from karibu.consents.models import Confirmation, Pause, Retention
from karibu.customers.models import LISTED, Activity, Customer
from karibu.web.actions import record


@dataclass(frozen=True)
class Class:
    """`overdue(limit)` counts what is older; `let_go(limit)` takes it and returns how many. `days`: without a rule."""

    key: str
    title: Any  # str or a lazy translation
    text: Any
    overdue: Callable[[datetime], int]
    let_go: Callable[[datetime], int]
    days: Callable[[], int | None] = lambda: None
    url: str = ""  # where its rule is set, if not with the others
    least: int = 1  # days


@dataclass(frozen=True)
class Line:
    """One line of the report. `days` None: kept without end."""

    of: Class
    days: int | None
    overdue: int
    gone: int = 0


_classes: list[Class] = []


def register(one: Class) -> None:
    if all(known.key != one.key for known in _classes):
        _classes.append(one)


def report(now: datetime) -> list[Line]:
    """The dry run: what each rule would take now. Nothing is changed."""
    return [Line(one, days, one.overdue(now - timedelta(days=days)) if days else 0) for one, days in _ruled(_rules())]


def apply(now: datetime) -> list[Line]:
    """Takes what the rules say. What was taken stands in the audit log."""
    lines = []
    for one, days in _ruled(_rules()):
        gone = one.let_go(now - timedelta(days=days)) if days else 0
        if gone:
            record("system", "let go by retention", one.key, count=gone, days=days)
        lines.append(Line(one, days, gone, gone))
    return lines


def change(days: dict[str, int | None], *, by: str) -> None:
    """Sets the rules of these classes; None: kept without end."""
    for key, value in days.items():
        Retention.objects.update_or_create(key=key, defaults={"days": value})
    record(by, "changed retention", "classes of data", **days)


def _rules() -> dict[str, int | None]:
    return dict(Retention.objects.values_list("key", "days"))


def _ruled(rules: dict[str, int | None]) -> list[tuple[Class, int | None]]:
    return [(one, rules[one.key] if one.key in rules and not one.url else one.days()) for one in _classes]


def rows(key: str, title: Any, text: Any, found: Callable[[datetime], "QuerySet[Any]"], days: int | None) -> Class:
    """A class whose rows simply go."""
    return Class(
        key,
        title,
        text,
        lambda limit: found(limit).count(),
        lambda limit: int(found(limit).delete()[0]),
        days=lambda: days,
    )


def _rejected(limit: datetime) -> int:
    return RejectedEvent.objects.filter(received_at__lt=limit).count()


A_NIGHT = 500  # people made anonymous by one application of the rule; each takes the event log's files in hand


def _inactive(limit: datetime) -> "QuerySet[Customer]":
    """Who was not seen since, and ordered nothing: in the shop, in mails, at the desk (their last event)."""
    old = Customer.objects.filter(LISTED, created_at__lt=limit).exclude(last_order_at__gte=limit)
    return old.exclude(pk__in=Activity.objects.filter(last_seen__gte=limit).values("customer_id"))


def _let_go_of_inactive(limit: datetime) -> int:
    from karibu.consents import erasure

    ids = list(_inactive(limit).order_by("pk").values_list("pk", flat=True)[:A_NIGHT])
    return len(erasure.begin(ids, by="system", keeps_numbers=True)) if ids else 0


CLASSES = (
    Class(
        "inactive",
        _("People who were not seen any more"),
        _(
            "Neither seen in the shop nor by a click, and nothing ordered: they are made anonymous, statistics stay. "
            "At least 90 days; empty: nobody."
        ),
        lambda limit: _inactive(limit).count(),
        _let_go_of_inactive,
        least=90,
    ),
    rows(
        "questions",
        _("Questions that nobody confirmed"),
        _("Addresses that were asked whether they agree, and never answered."),
        lambda limit: Confirmation.objects.filter(confirmed_at=None, expires_at__lt=limit),
        90,
    ),
    rows(
        "pauses",
        _("Pauses that are over"),
        _("That somebody wanted silence for a while."),
        lambda limit: Pause.objects.filter(until__lt=limit),
        365,
    ),
    Class(
        "rejected",
        _("Rejected events"),
        _("Whole events that could not be taken, with people in them."),
        _rejected,
        lambda limit: keeping.let_go(timezone.now()),  # by a rule of their own
        days=lambda: keeping.rule().rejected_days,
        url="/settings/keeping/",
    ),
)
