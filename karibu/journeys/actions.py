"""What a colleague or the API does with a journey. Each is one transaction with its line in the audit log."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.events.wake import wake
from karibu.journeys import among, clock, doors, ids, live, unread
from karibu.journeys.definition import Definition, DefinitionError, fault, parse
from karibu.journeys.entries.form import forms
from karibu.journeys.entries.threshold import predictions
from karibu.journeys.layout import Place
from karibu.journeys.models import Enrollment, Journey, Version
from karibu.journeys.steps.ask import Ask
from karibu.journeys.steps.base import ANSWER
from karibu.journeys.steps.branch import Branch
from karibu.journeys.steps.coupon import Coupon
from karibu.journeys.steps.experiment import Experiment
from karibu.journeys.steps.hand_over import HandOver
from karibu.journeys.steps.reaction import Reaction
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.webhook import Webhook
from karibu.messages import starters
from karibu.messages.channels import guard
from karibu.messages.models import Template
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool
from karibu.web.actions import record

Inside = Literal["new", "before", "nobody"]
UNDONE = 30  # changes of a draft that can be taken back
INSIDE: tuple[Inside, ...] = ("new", "before", "nobody")


def create(name: str, definition: dict[str, Any], *, by: str, recipe: str = "") -> Journey:
    """A draft. Raises DefinitionError for a definition that cannot run."""
    parse(definition)
    with transaction.atomic():
        journey = Journey.objects.create(name=name, definition=definition, recipe=recipe)
        record(by, "created journey", f"journey {journey.pk}", name=name)
    return journey


def edit(journey: Journey, *, by: str, name: str | None = None, definition: dict[str, Any] | None = None) -> Journey:
    """Changes the draft; what is live stays as it was published. Raises DefinitionError."""
    if definition is not None:
        parse(definition)
    with transaction.atomic():
        journey = _locked(journey)
        journey.name = journey.name if name is None else name
        if definition is not None:
            _redraw(journey, ids.kept(definition, journey.definition))
        journey.save(update_fields=["name", "definition", "earlier", "updated_at"])
        record(by, "edited journey", f"journey {journey.pk}", name=journey.name)
    return journey


def undo(journey: Journey, *, by: str) -> Journey:
    """Takes the draft's last change back; nothing where there is none."""
    with transaction.atomic():
        journey = _locked(journey)
        if journey.earlier:
            *journey.earlier, journey.definition = journey.earlier
            journey.save(update_fields=["definition", "earlier", "updated_at"])
            record(by, "took back a change of journey", f"journey {journey.pk}", name=journey.name)
    return journey


def take_back(journey: Journey, *, by: str) -> Journey:
    """The draft says again what is published, where this release can read that; it can be undone like any change."""
    with transaction.atomic():
        journey = _locked(journey)
        published = Version.objects.filter(journey=journey, number=journey.version).first()
        if published and not fault(published.definition):
            _redraw(journey, published.definition)
            journey.save(update_fields=["definition", "earlier", "updated_at"])
            record(by, "went back to what is published", f"journey {journey.pk}", version=journey.version)
    return journey


def _redraw(journey: Journey, definition: dict[str, Any]) -> None:
    if definition != journey.definition:
        journey.earlier = [*journey.earlier, journey.definition][-UNDONE:]
        journey.definition = definition


def publish(journey: Journey, *, by: str, inside: Inside = "new", now: datetime | None = None) -> Journey:
    """Makes the draft live. Who is inside already gets the new version as `inside` says:

    "new": only new people get it, those inside go on as they entered. "before": also those who have not yet gone
    through the first step that changed; who waits there waits by the new settings, from when they came. "nobody":
    it stays a draft, nothing changes. Raises DefinitionError for a definition that cannot run.
    """
    if inside == "nobody":
        return journey
    now = now or timezone.now()
    with transaction.atomic():
        journey = _locked(journey)
        definition = runnable(journey.definition)
        if journey.version == 0 or journey.status == Journey.Status.PAUSED:
            clock.start(journey.pk, now)
        if journey.version == 0 or has_changes(journey):
            _new_version(journey, definition, by, inside)
        journey.status = Journey.Status.LIVE
        journey.published_at = now
        journey.save(update_fields=["status", "version", "published_at", "updated_at"])
        record(by, "published journey", f"journey {journey.pk}", version=journey.version, inside=inside)
        wake("journeys")
        wake("entries")
    return journey


def pause(journey: Journey, *, by: str) -> Journey:
    """From the commit on nobody enters and nobody moves; who orders still leaves."""
    return _turn(journey, Journey.Status.LIVE, Journey.Status.PAUSED, by, "paused journey")


def resume(journey: Journey, *, by: str) -> Journey:
    """Everyone goes on where they were; what fell due during the pause is taken now."""
    with transaction.atomic():
        if Journey.objects.filter(pk=journey.pk, status=Journey.Status.PAUSED).exists():
            clock.start(journey.pk, timezone.now())
        return _turn(journey, Journey.Status.PAUSED, Journey.Status.LIVE, by, "resumed journey")


def retry(enrollments: list[int], *, by: str, now: datetime | None = None) -> int:
    """Puts those set aside before their step again, due now. Returns how many.

    Whose version this release cannot read goes on in the published one, before the same step or the next that it has.
    """
    with transaction.atomic():
        again = Enrollment.objects.filter(pk__in=enrollments, status=Enrollment.Status.FAILED)
        unread.into_published(again)
        count = again.update(status=Enrollment.Status.ACTIVE, reason="", ended_at=None, due_at=now or timezone.now())
        record(by, "retried enrollments", "journeys", count=count)
        wake("journeys")
    return count


def put_in(journey: Journey, customer_ids: Collection[int], *, by: str, now: datetime | None = None) -> int:
    """Lets these people in by hand, where the journey is live and takes people in so; returns how many entered."""
    now = now or timezone.now()
    with transaction.atomic():
        entered = doors.put_in(journey.pk, {number: {} for number in customer_ids}, now)
        record(by, "put people into journey", f"journey {journey.pk}", count=len(entered))
    return len(entered)


def answer(enrollments: Collection[int], said: Literal["yes", "no"], *, by: str, now: datetime | None = None) -> int:
    """A colleague's word for those who stand before a step that asks; returns how many did."""
    now = now or timezone.now()
    with transaction.atomic():
        rows = Enrollment.objects.filter(pk__in=enrollments, status=Enrollment.Status.ACTIVE).order_by("pk")
        asked = [
            run_
            for run_ in rows.select_for_update()
            if run_.step >= 0
            and (definition := live.readable(run_.journey_id, run_.version))
            and isinstance(definition.steps[run_.step], Ask)
        ]
        for run_ in asked:
            run_.context, run_.due_at = {**run_.context, ANSWER: said}, now
        Enrollment.objects.bulk_update(asked, ["context", "due_at"])
        record(by, f"answered {said}", "journeys", enrollments=len(asked))
        wake("journeys")
    return len(asked)


def has_changes(journey: Journey) -> bool:
    """Whether the draft differs from what is published."""
    published = Version.objects.filter(journey=journey, number=journey.version).first()
    return published is None or published.definition != journey.definition


def runnable(raw: dict[str, Any]) -> Definition:
    """The definition, when everything it needs is there. Raises DefinitionError."""
    definition = parse(raw)
    _check_doors(definition)
    for place in definition.layout.places:
        _check_use(place, definition)
    return definition


def gone(journey: Journey) -> DefinitionError | None:
    """What the published version speaks of that was there and is not any more: a segment in the archive, a template."""
    published = Version.objects.filter(journey=journey, number=journey.version).first()
    if published is None or fault(published.definition):
        return None
    try:
        runnable(published.definition)
    except DefinitionError as error:
        return error
    return None


def _check_doors(definition: Definition) -> None:
    """What the ways in and out speak of must be there, too."""
    entry = definition.entry
    _check_segment("$.entry.segment", entry.segment)
    _check_segment("$.entry.schedule.segment", entry.schedule.segment if entry.schedule else None)
    for i, exit_ in enumerate(definition.exits):
        _check_segment(f"$.exit[{i}].segment", exit_.segment)
    _check_segment("$.goal.segment", definition.goal.segment if definition.goal else None)
    if entry.form and entry.form not in forms():
        raise DefinitionError("$.entry.form", _("There is no form “%(name)s”.") % {"name": entry.form})
    if entry.prediction and entry.prediction.name not in predictions():
        sentence = _("Nothing predicts “%(name)s” yet.") % {"name": entry.prediction.name}
        raise DefinitionError("$.entry.prediction.name", sentence)
    if definition.filter is not None:
        among.check_use(definition.filter, "$.filter")


def _check_segment(path: str, number: int | None) -> None:
    if number is not None and not Segment.objects.filter(pk=number, archived_at=None).exists():
        raise DefinitionError(path, _("There is no such segment, or it is in the archive."))


def _check_use(place: Place, definition: Definition) -> None:
    """What a step speaks of must be there when it goes live."""
    step = place.step
    if isinstance(step, Send):
        _check_template(place, step)
    if isinstance(step, Branch):
        among.check_use(step.condition, f"{place.path}.branch.if")
    if isinstance(step, HandOver):
        _check_hand_over(place, step)
    if isinstance(step, Coupon) and not CouponPool.objects.filter(pk=step.pool).exists():
        raise DefinitionError(f"{place.path}.coupon.pool", _("There is no such coupon pool."))
    if isinstance(step, Webhook):
        _check_address(place, step)
    if isinstance(step, Experiment) and definition.goal is None:
        sentence = _("An experiment needs the journey's goal: it says what the best way is the best at.")
        raise DefinitionError(f"{place.path}.experiment", sentence)
    if isinstance(step, Reaction) and step.template and not _sends(definition, step.template):
        sentence = _("This journey does not send “%(key)s”.") % {"key": step.template}
        raise DefinitionError(f"{place.path}.reaction.template", sentence)


def _check_address(place: Place, step: Webhook) -> None:
    try:
        guard.check(step.url)
    except guard.Forbidden as error:
        raise DefinitionError(f"{place.path}.webhook.url", str(error)) from None


def _sends(definition: Definition, template: str) -> bool:
    return any(isinstance(step, Send) and step.template == template for step in definition.steps)


def _check_template(place: Place, step: Send) -> None:
    channel = Template.objects.filter(key=step.template).values_list("channel", flat=True).first()
    channel = channel or starters.channel(step.template)
    if not channel:
        sentence = _("There is no message template “%(key)s”.") % {"key": step.template}
        raise DefinitionError(f"{place.path}.send.template", sentence)
    if channel != step.channel:
        sentence = _("“%(key)s” is for another channel.") % {"key": step.template}
        raise DefinitionError(f"{place.path}.send.channel", sentence)


def _check_hand_over(place: Place, step: HandOver) -> None:
    """The other takes people in by hand, and no chain of hand-overs comes back: it could turn round for ever."""
    path = f"{place.path}.hand_over.journey"
    seen, ahead = set(), [step.journey]
    while ahead:
        number = ahead.pop()
        other = Journey.objects.filter(pk=number).first()
        if other is None or fault(other.definition) or not parse(other.definition).entry.by_hand:
            raise DefinitionError(path, _("There is no such journey that takes people in by hand."))
        if number in seen:
            continue
        seen.add(number)
        handed = _handed_on(other)
        ahead += handed
        if seen & handed:
            raise DefinitionError(path, _("These journeys would hand people round in a circle."))


def _handed_on(journey: Journey) -> set[int]:
    """The journeys that this one puts people into: as it is live, and as it is being edited."""
    live_one = Version.objects.filter(journey=journey, number=journey.version).values_list("definition", flat=True)
    written = [parse(raw) for raw in (journey.definition, *live_one) if not fault(raw)]
    return {step.journey for one in written for step in one.steps if isinstance(step, HandOver)}


def _locked(journey: Journey) -> Journey:
    return Journey.objects.select_for_update().get(pk=journey.pk)


def _turn(journey: Journey, before: str, after: str, by: str, verb: str) -> Journey:
    with transaction.atomic():
        journey = _locked(journey)
        if journey.status == before:
            journey.status = after
            journey.save(update_fields=["status", "updated_at"])
            record(by, verb, f"journey {journey.pk}")
            wake("journeys")
    return journey


def _new_version(journey: Journey, definition: Definition, by: str, inside: Inside) -> None:
    old = Version.objects.filter(journey=journey, number=journey.version).first()
    journey.version += 1
    Version.objects.create(journey=journey, number=journey.version, definition=journey.definition, published_by=by)
    if inside == "before" and old is not None and not fault(old.definition):
        _move_to(journey, definition, first_change(parse(old.definition), definition))


def first_change(old: Definition, new: Definition) -> int:
    """The position of the first step that differs or stands elsewhere; behind the last common one when only the end
    was changed."""
    before, after = ([(place.step, place.path) for place in one.layout.places] for one in (old, new))
    common = zip(before, after, strict=False)
    return next((i for i, (a, b) in enumerate(common) if a != b), min(len(before), len(after)))


def _move_to(journey: Journey, definition: Definition, changed: int) -> None:
    """Those up to the changed step follow the new version; due times at that step are reckoned anew."""
    inside = Enrollment.objects.filter(journey=journey, status=Enrollment.Status.ACTIVE, step__lte=changed)
    if changed >= len(definition.steps):
        inside = inside.filter(step__lt=changed)
    inside.filter(step__lt=changed).update(version=journey.version)
    if changed < len(definition.steps):
        _reckon_anew(journey, definition, changed)


def _reckon_anew(journey: Journey, definition: Definition, position: int) -> None:
    waiting = Enrollment.objects.filter(journey=journey, status=Enrollment.Status.ACTIVE, step=position)
    rows = list(waiting.order_by("pk").values_list("pk", "customer_id", "arrived_at").select_for_update())
    dues = definition.steps[position].dues([row[1] for row in rows], [row[2] for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journeys_enrollment e SET version = %s, due_at = n.due FROM unnest(%s::bigint[], "
            "%s::timestamptz[]) AS n(id, due) WHERE e.id = n.id",
            [journey.version, [row[0] for row in rows], list(dues)],
        )
