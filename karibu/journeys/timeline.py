"""What journeys add to a customer's page: rows on the timeline and a panel."""

from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext as _

from karibu.customers.models import Customer
from karibu.customers.timeline import Entry
from karibu.journeys.events import thing
from karibu.journeys.explain import departure, whereabouts
from karibu.journeys.live import definition
from karibu.journeys.models import Enrollment

KIND = "journeys"
SHOWN, MOST = 5, 200  # at first sight, and behind “more”


def entries(customer_ids: list[int], before: datetime | None, limit: int) -> list[Entry]:
    """Entering and leaving, newest first. Steps taken show as what they did (the message has its own row)."""
    mine = Enrollment.objects.filter(customer_id__in=customer_ids).select_related("journey")
    let_in = mine.exclude(status=Enrollment.Status.HELD)
    entered = let_in.filter(entered_at__lt=before) if before else let_in
    ended = mine.filter(ended_at__lt=before) if before else mine.exclude(ended_at=None)
    rows = [_entered(run) for run in entered.order_by("-entered_at")[:limit]]
    rows += [_ended(run) for run in ended.order_by("-ended_at")[:limit]]
    return sorted(rows, key=lambda entry: entry.at, reverse=True)[:limit]


def panel(customer: Customer, family: list[int]) -> dict[str, Any] | None:
    """Every run of this person, those that go on first; each with where it is and why."""
    mine = Enrollment.objects.filter(customer_id__in=family).select_related("journey")
    inside_first = mine.annotate(is_over=~Q(status=Enrollment.Status.ACTIVE)).order_by("is_over", "-id")[:MOST]
    runs = [(run, whereabouts(run)) for run in inside_first]
    return {"runs": runs[:SHOWN], "more": runs[SHOWN:]} if runs else None


def _entered(run: Enrollment) -> Entry:
    evidence = [(_("Version"), str(run.version)), (_("Where"), whereabouts(run))]
    sentence = format_html(_("Entered <b>{}</b>{}"), run.journey.name, _with_key(run))
    return _entry(run, run.entered_at, sentence, evidence)


def _ended(run: Enrollment) -> Entry:
    told = {
        Enrollment.Status.FINISHED: _("Went through <b>{}</b>{}"),
        Enrollment.Status.LEFT: _("Left <b>{}</b>{}: {}"),
        Enrollment.Status.FAILED: _("Set aside in <b>{}</b>{}: {}"),
        Enrollment.Status.HELD: _("Held out of <b>{}</b>{} by chance, to compare the others with"),
    }[Enrollment.Status(run.status)]
    sentence = format_html(told, run.journey.name, _with_key(run), departure(run.reason))
    return _entry(run, run.ended_at or run.entered_at, sentence, [])


def _entry(run: Enrollment, at: datetime, sentence: str, evidence: list[tuple[str, str]]) -> Entry:
    return Entry(at, KIND, sentence, evidence, "journeys", f"/journeys/{run.journey_id}/")


def _with_key(run: Enrollment) -> str:
    if not run.key:
        return ""
    what = thing(definition(run.journey_id, run.version).entry.key)
    return _(" with %(thing)s %(key)s") % {"thing": what, "key": run.key}
