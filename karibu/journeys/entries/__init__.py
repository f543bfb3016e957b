"""What brings a person in: one door for each journey, each kind of door with its rule in a module of its own.

A rule is a msgspec Struct with check(path) and sentence(), as steps are. Who stands before a door is found by react.py
(events), doors.py (segments, hands, predictions), clock.py (dates, schedules) and goods.py (what changes in the shop).
"""

from django.utils.translation import gettext as _

from karibu.journeys.entries.date import Dated
from karibu.journeys.entries.form import FORM_SUBMITTED, forms
from karibu.journeys.entries.product import Goods
from karibu.journeys.entries.schedule import Scheduled
from karibu.journeys.entries.threshold import Threshold
from karibu.journeys.events import EventRule, Happened, value_of
from karibu.segments import queries as segments
from karibu.segments.faults import DefinitionError


class Entry(EventRule, forbid_unknown_fields=True):
    """The way in. `key` names a property of the event: each of its values is a run of its own."""

    event: str | list[str] = []
    key: str = ""
    segment: int | None = None
    left: bool = False  # leaving the segment instead of entering it
    by_hand: bool = False
    date: Dated | None = None
    schedule: Scheduled | None = None
    product: Goods | None = None
    form: str = ""  # the slug of a sign-up form
    prediction: Threshold | None = None

    @property
    def names(self) -> list[str]:
        return [FORM_SUBMITTED] if self.form else super().names

    @property
    def rule(self) -> Dated | Scheduled | Goods | Threshold | None:
        """Of a door that is no event, segment or hand."""
        return self.date or self.schedule or self.product or self.prediction

    @property
    def told_apart_by(self) -> str:
        """What tells the runs of one person apart: the key, or what the door gives them by itself."""
        if self.product:
            return "product_id"
        return "day" if self.date or self.schedule else self.key

    def matches(self, event: Happened) -> bool:
        if self.form and str(value_of(event, "form")) != self.form:
            return False
        return super().matches(event)

    def check(self, path: str) -> None:
        doors = [bool(super().names), bool(self.form), self.segment is not None, self.by_hand]
        doors += [bool(rule) for rule in (self.date, self.schedule, self.product, self.prediction)]
        if sum(doors) > 1:
            raise DefinitionError(path, _("One way in: an event, a segment, a date, a schedule … or by hand."))
        if not any(doors):
            raise DefinitionError(f"{path}.event", _("Name at least one event, or another way in."))
        if self.names:
            super().check(path)
        elif self.key or self.where:
            raise DefinitionError(path, _("“key” and “where” speak of an event, and there is none."))
        if self.left and self.segment is None:
            raise DefinitionError(f"{path}.left", _("Say which segment is left."))
        if self.rule:
            self.rule.check(f"{path}.{self.kind}")

    @property
    def kind(self) -> str:
        """The name of the door: event, segment, left, by_hand, date, schedule, product, form or prediction."""
        if self.left:
            return "left"
        others = ("by_hand", "date", "schedule", "product", "form", "prediction")
        return (
            "segment" if self.segment is not None else next((name for name in others if getattr(self, name)), "event")
        )

    def sentence(self) -> str:
        if self.rule:
            return self.rule.sentence()
        if self.segment is not None:
            said = _("leaves the segment “%(name)s”") if self.left else _("enters the segment “%(name)s”")
            return said % {"name": segment_name(self.segment)}
        if self.form:
            return _("answers the form “%(name)s”") % {"name": forms().get(self.form, self.form)}
        return _("is put in by a colleague, the API or another journey") if self.by_hand else super().sentence()


def segment_name(number: int) -> str:
    return segments.names([number]).get(number) or f"#{number}"
