"""Why somebody is where they are in a journey, and why somebody is not in it (PAINS 24)."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.customers.queries import family
from karibu.events import log
from karibu.events.log import LoggedEvent
from karibu.journeys import among, events, live, unread
from karibu.journeys.definition import Definition
from karibu.journeys.explain_doors import why_not_through
from karibu.journeys.leaving import REACHED
from karibu.journeys.models import AT_THE_DOOR, Enrollment, Journey
from karibu.journeys.react import STALE
from karibu.journeys.reentry import Run, next_run
from karibu.segments import words
from karibu.shop.models import Cart
from karibu.web import formats

LOOKED_BACK = timedelta(days=90)


def whereabouts(enrollment: Enrollment) -> str:
    """Where this run stands and why, as a sentence."""
    match enrollment.status:
        case Enrollment.Status.FINISHED:
            return _("Went through to the end")
        case Enrollment.Status.LEFT:
            return _("Left: %(reason)s") % {"reason": departure(enrollment.reason)}
        case Enrollment.Status.FAILED:
            return _("Set aside: %(reason)s") % {"reason": enrollment.reason}
        case Enrollment.Status.HELD:
            return _("Held out by chance, to compare the others with: nothing of it happens to them")
    if enrollment.step == AT_THE_DOOR:
        return _("About to be asked whether the journey is for them")
    definition = live.readable(enrollment.journey_id, enrollment.version)
    if definition is None:
        return unread.said(enrollment.version)
    step = definition.steps[enrollment.step]
    words = {"step": step.sentence(), "when": formats.moment(enrollment.due_at)}
    if enrollment.journey.status == Journey.Status.PAUSED:
        return _("Stands before “%(step)s”; the journey is paused") % words
    if enrollment.due_at and enrollment.due_at <= timezone.now():
        return _("About to be moved on from “%(step)s”") % words
    return _("Until %(when)s: %(step)s") % words


def departure(reason: str) -> str:
    """The event that took somebody out, as one says it: "ordered 1042"."""
    if reason.startswith(REACHED):
        event = departure(reason.removeprefix(REACHED).removeprefix(": "))
        return _("reached the goal (%(did)s)") % {"did": event} if event else _("reached the goal")
    for name, said in _departures().items():
        if reason.startswith(name):
            return f"{said}{reason.removeprefix(name)}"
    return reason


def _departures() -> dict[str, str]:
    """What took somebody out, by the event's name."""
    return {
        "Order Completed": _("ordered"),
        "Order Cancelled": _("cancelled the order"),
        "Product Added": _("put something into a cart"),
        "Product Viewed": _("looked at a product"),
        "Cart Viewed": _("looked at a cart"),
        "Checkout Started": _("started a checkout"),
        "Signed Up": _("signed up"),
        "Survey Answered": _("answered a survey"),
    }


def why_not(journey: Journey, customer_id: int) -> list[str]:
    """Everything that keeps (or kept) this person out, most telling first; empty when they would enter right now."""
    if journey.version == 0:
        return [_("The journey has not been published yet.")]
    definition = live.readable(journey.pk, journey.version)
    if definition is None:
        return [unread.said(journey.version)]
    if definition.filter is not None and customer_id not in among.members(
        definition.filter, [customer_id], timezone.now()
    ):
        who = words.sentence(definition.filter)
        return [_("The journey is only for: %(who)s") % {"who": who}]
    reasons = [_("The journey is paused: nobody enters.")] if journey.status == Journey.Status.PAUSED else []
    if not definition.entry.names:
        again = _about_reentry(definition, _runs(journey, customer_id), "")
        return [*reasons, *(again or why_not_through(journey, definition, customer_id))]
    seen = log.history(family(customer_id), limit=20, names=set(definition.entry.names))
    if not seen or seen[0].time < timezone.now() - LOOKED_BACK:
        doing = definition.entry.sentence()
        return [
            *reasons,
            _("Nothing that would bring this person in was seen in 90 days: %(doing)s.") % {"doing": doing},
        ]
    return [*reasons, *_about(journey, definition, customer_id, seen[0])]


def _about(journey: Journey, definition: Definition, customer_id: int, latest: LoggedEvent) -> list[str]:
    """What is to be said of the latest event that has the right name."""
    words = {"event": latest.name, "when": formats.moment(latest.time)}
    reasons = [
        sentence % words
        for applies, sentence in (
            (latest.historical, _("“%(event)s” of %(when)s was imported; history starts no journey.")),
            (_is_before(journey, latest), _("“%(event)s” of %(when)s came before the journey was published.")),
            (latest.received_at - latest.time > STALE, _("“%(event)s” of %(when)s arrived more than 3 days late.")),
            (not _fits(definition, latest), _("“%(event)s” of %(when)s does not meet the entry's conditions.")),
        )
        if applies
    ]
    return reasons or _about_key(journey, definition, customer_id, latest)


def _is_before(journey: Journey, latest: LoggedEvent) -> bool:
    first = journey.versions.order_by("number").first()
    return first is not None and latest.received_at < first.published_at


def _fits(definition: Definition, latest: LoggedEvent) -> bool:
    return definition.entry.matches(latest)


def _about_key(journey: Journey, definition: Definition, customer_id: int, latest: LoggedEvent) -> list[str]:
    name = definition.entry.key
    key = events.key_of(latest, name)
    if key is None:
        return [
            _("“%(event)s” does not say which %(thing)s it means.")
            % {"event": latest.name, "thing": events.thing(name)}
        ]
    if name == "cart_id" and Cart.objects.filter(cart_id=key, status=Cart.Status.ORDERED).exists():
        return [_("That cart (%(key)s) has been ordered.") % {"key": key}]
    return _about_reentry(definition, _runs(journey, customer_id), key)


def _runs(journey: Journey, customer_id: int) -> Sequence[Run]:
    found = Enrollment.objects.filter(journey=journey, customer_id=customer_id)
    return [Run(e.key, e.run, e.status, e.entered_at) for e in found]


def _about_reentry(definition: Definition, runs: Sequence[Run], key: str) -> list[str]:
    _number, why = next_run(definition.reentry, runs, key, timezone.now())
    sentences = {
        "inside": _("This person is inside now; see below."),
        "once": _("This person has been in it, and the journey is for once only."),
        "key": _("This person has been in it with this very key (%(key)s); once for each is the rule.") % {"key": key},
        "too often": _("This person was in it a hundred times within a day; it seems to go round in a circle."),
        "too soon": _("This person was in it a short while ago; the days between have not passed."),
    }
    return [sentences[why]] if why else []
