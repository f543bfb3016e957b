"""What the forms of a journey have in common: lengths of time, conditions on what an event carries, segments."""

import json
from copy import copy
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.entries.date import COLUMNS
from karibu.journeys.steps.wait import Wait
from karibu.segments import columns
from karibu.segments.models import Segment
from karibu.web.reading import read_json

UNITS = (
    ("seconds", gettext_lazy("seconds")),
    ("minutes", gettext_lazy("minutes")),
    ("hours", gettext_lazy("hours")),
    ("days", gettext_lazy("days")),
)
OPERATORS = (
    ("is", gettext_lazy("is")),
    ("is_not", gettext_lazy("is not")),
    ("in", gettext_lazy("is one of")),
    ("not_in", gettext_lazy("is none of")),
    ("contains", gettext_lazy("contains")),
    ("gt", gettext_lazy("is above")),
    ("gte", gettext_lazy("is at least")),
    ("lt", gettext_lazy("is below")),
    ("lte", gettext_lazy("is at most")),
    ("exists", gettext_lazy("is known")),
    ("missing", gettext_lazy("is not known")),
)
EVERYBODY = "everybody"  # a choice beside the segments
TIME = forms.TimeInput({"type": "time"})
_SECONDS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


class StepForm(forms.Form):
    """`values(step)` fills it, `settings()` is the step as it stands in the definition."""

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError


class LengthForm(StepForm):
    """A length in one unit; one that was written in several (1 hour 30 minutes) is shown in the smallest of them."""

    length = forms.IntegerField(label=gettext_lazy("How long"), min_value=1, max_value=10_000_000)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=UNITS)

    @staticmethod
    def shown(wait: Wait) -> dict[str, Any]:
        total = int(wait.length.total_seconds())
        seconds, unit = next((s, u) for s, u in _SECONDS if total % s == 0 and total >= s)
        return {"length": total // seconds, "unit": unit}

    def written(self) -> dict[str, int]:
        return {self.cleaned_data["unit"]: self.cleaned_data["length"]}


class DateForm(StepForm):
    """A date of the person, and how far from it (entries/date.py)."""

    trait = forms.CharField(label=gettext_lazy("Trait that holds the date"), max_length=200)
    side = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("on", gettext_lazy("On the day")),
            ("before", gettext_lazy("Before it")),
            ("after", gettext_lazy("After it")),
        ],
    )
    days = forms.IntegerField(
        label=gettext_lazy("So many days before or after"), min_value=0, max_value=365, required=False
    )
    every = forms.ChoiceField(
        label=gettext_lazy("How often"),
        choices=[
            ("year", gettext_lazy("Each year")),
            ("month", gettext_lazy("Each month")),
            ("once", gettext_lazy("Once, on that very date")),
        ],
    )
    at = forms.CharField(label=gettext_lazy("Time where the person is"), widget=TIME)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["trait"].widget.attrs["list"] = f"{self.prefix}-dates"

    @staticmethod
    def date_shown(rule: Any) -> dict[str, Any]:
        side = "on" if not rule.days else "before" if rule.days < 0 else "after"
        return {"trait": rule.trait, "side": side, "days": abs(rule.days), "every": rule.every, "at": rule.at}

    def date_written(self) -> dict[str, Any]:
        said = self.cleaned_data
        days = {"on": 0, "before": -1, "after": 1}[said["side"]] * (said["days"] or 0)
        return {"trait": said["trait"], "days": days, "every": said["every"], "at": said["at"]}

    def dates(self) -> list[str]:
        """Traits of the customers that hold dates, and columns that do."""
        return [*[trait.name for trait in columns.traits() if trait.kind == "date"], *COLUMNS]


EVENTS, PROPERTIES = "event-names", "property-names"  # the lists of suggestions on the page of a journey


class RuleForm(StepForm):
    """Names of events and the conditions on what they carry: those there are, and room for one more."""

    event = forms.CharField(
        label=gettext_lazy("Event"),
        max_length=500,
        help_text=gettext_lazy("Its name, as Order Completed; several with commas between them."),
    )
    property = forms.CharField(label=gettext_lazy("Only where this property"), max_length=200, required=False)
    op = forms.ChoiceField(label=gettext_lazy("Comparison"), choices=OPERATORS, required=False)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event"].widget.attrs["list"] = EVENTS
        self.fields["property"].widget.attrs["list"] = PROPERTIES
        for number in range(1, self.initial.get("conditions", 0) + 1):
            names = [f"{name}_{number}" for name in ("property", "op", "value")]
            more = [self.fields[name] for name in ("property", "op", "value")]
            self.fields |= {name: copy(field) for name, field in zip(names, more, strict=True)}
            self.fields[names[0]].label = _("And where this property")
        order = [name for name in self.fields if name not in self.further()]
        place = order.index("value") + 1
        self.order_fields([*order[:place], *self.further(), *order[place:]])

    def further(self) -> list[str]:
        """The fields of the conditions behind the first, where there are any."""
        return [name for name in self.fields if name.rpartition("_")[2].isdigit()]

    @staticmethod
    def rule_shown(rule: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {"event": ", ".join(rule.names), "conditions": len(rule.where)}
        for number, one in enumerate([*rule.where, None]):
            end = f"_{number}" if number else ""
            shown[f"property{end}"] = one.property if one else ""
            shown[f"op{end}"] = one.op if one else "is"
            shown[f"value{end}"] = spelled(one.value) if one else ""
        return shown

    def rule_written(self) -> dict[str, Any]:
        said = self.cleaned_data
        rule: dict[str, Any] = {"event": listed(said["event"])}
        ends = ["", *(name.removeprefix("property") for name in self.further() if name.startswith("property"))]
        if where := [compared(said, end) for end in ends if said[f"property{end}"]]:
            rule["where"] = where
        return rule


def compared(said: dict[str, Any], end: str = "", start: str = "") -> dict[str, Any]:
    """A condition as it stands in the definition, of the fields property, op and value, or others named like them."""
    name, op, text = (said[f"{start}{field}{end}"] for field in ("property", "op", "value"))
    op = op or "is"
    if op in ("exists", "missing"):
        return {"property": name, "op": op}
    value = [plain(part) for part in parts(text)] if op in ("in", "not_in") else plain(text)
    return {"property": name, "op": op, "value": value}


def listed(text: str) -> str | list[str]:
    """One name, or several with commas between them."""
    names = parts(text)
    return names[0] if len(names) == 1 else names


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def spelled(value: Any) -> str:
    """A value as it stands in a field."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def segments(nothing: str = "") -> list[tuple[str, str]]:
    """All segments to choose from, by name; `nothing` is what choosing none is called."""
    there = Segment.objects.filter(archived_at=None).order_by("name").values_list("pk", "name")
    return [*([("", nothing)] if nothing else []), *((str(pk), name) for pk, name in there)]


def with_chosen(choices: list[tuple[str, str]], chosen: object) -> list[tuple[str, str]]:
    """And the segment that is chosen, where it is in the archive by now: no form chooses another one by itself."""
    number = str(chosen or "")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or number in dict(choices):
        return choices
    gone = Segment.objects.filter(pk=int(number)).values_list("name", flat=True)
    return [*choices, *((number, _("%(name)s (in the archive)") % {"name": name}) for name in gone)]


def plain(text: str) -> str | int | float:
    """A number where it is one."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if number == number and abs(number) < 1e15 else text
    return text


def decoded(text: str) -> Any:
    """What a hidden field carried; None where somebody put something else into it."""
    try:
        return read_json(text)
    except ValueError:
        return None


class ConditionForm(StepForm):
    """A segment; a condition that is written in the definition itself is kept until a segment is chosen."""

    segment = forms.ChoiceField(label=gettext_lazy("Who is in the segment"), required=False)
    condition = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["segment"].choices = segments(_("the condition above"))  # type: ignore[attr-defined]

    @staticmethod
    def condition_shown(condition: Any) -> dict[str, Any]:
        named = condition.get("segment") if condition and list(condition) == ["segment"] else None
        return {"segment": str(named or ""), "condition": json.dumps(condition) if condition else ""}

    def condition_written(self) -> dict[str, Any]:
        if (chosen := self.cleaned_data["segment"]) == EVERYBODY:
            return {}
        if chosen:
            return {"segment": int(chosen)}
        return decoded(self.cleaned_data["condition"]) or {}
