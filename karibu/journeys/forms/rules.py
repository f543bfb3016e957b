"""The form of a journey's rules: whom it is for, how often, what for, and who leaves before the end."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.journeys.definition import AfterDays, Definition, Exit
from karibu.journeys.draw import MOST
from karibu.journeys.forms.base import (
    EVENTS,
    EVERYBODY,
    OPERATORS,
    PROPERTIES,
    ConditionForm,
    RuleForm,
    compared,
    decoded,
    listed,
    spelled,
    with_chosen,
)

OFTEN = (
    ("", gettext_lazy("as is usual for how they enter")),
    ("never", gettext_lazy("once only")),
    ("always", gettext_lazy("as often as it happens")),
    ("per_key", gettext_lazy("once for each cart, order, product or day")),
    ("after_days", gettext_lazy("again after so many days")),
)


class RulesForm(ConditionForm, RuleForm):
    """`event`, `property`, `op` and `value` are the goal's. Exits that the form cannot show are kept as they are."""

    reentry = forms.ChoiceField(label=gettext_lazy("The same person enters"), choices=OFTEN, required=False)
    after_days = forms.IntegerField(
        label=gettext_lazy("Again after so many days"), min_value=1, max_value=3650, required=False
    )
    holdout = forms.IntegerField(
        label=gettext_lazy("Held out, in percent"),
        min_value=0,
        max_value=MOST,
        required=False,
        help_text=gettext_lazy(
            "Chosen by chance, they get nothing of it: only so you learn what the journey really earned."
        ),
    )
    goal_segment = forms.ChoiceField(label=gettext_lazy("Or: entering the segment"), required=False)
    goal_left = forms.ChoiceField(label=gettext_lazy("Or: leaving the segment"), required=False)
    within_days = forms.IntegerField(
        label=gettext_lazy("Counts within so many days"), min_value=1, max_value=365, required=False
    )
    goal_same_key = forms.BooleanField(label=gettext_lazy("Only with the same cart, order or product"), required=False)
    exits = forms.CharField(
        label=gettext_lazy("Whoever does this leaves"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Names of events with commas between them."),
    )
    exits_same_key = forms.BooleanField(label=gettext_lazy("Only with the same cart, order or product"), required=False)
    exits_property = forms.CharField(label=gettext_lazy("Only where this property"), max_length=200, required=False)
    exits_op = forms.ChoiceField(label=gettext_lazy("Comparison"), choices=OPERATORS, required=False)
    exits_value = forms.CharField(label=gettext_lazy("Value"), max_length=1000, required=False)
    exit_segment = forms.ChoiceField(label=gettext_lazy("Whoever leaves this segment leaves"), required=False)
    exit_entered = forms.ChoiceField(label=gettext_lazy("Whoever enters this segment leaves"), required=False)
    kept = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = [pair for pair in self.fields["segment"].choices if pair[0]]  # type: ignore[attr-defined]
        is_written = bool(self.initial.get("condition"))
        kept = [("", _("the condition above")), (EVERYBODY, _("everybody"))] if is_written else [("", _("everybody"))]
        self.fields["segment"].choices = [*kept, *there]  # type: ignore[attr-defined]
        for name in ("goal_segment", "goal_left", "exit_segment", "exit_entered"):
            self.fields[name].choices = with_chosen([("", _("none")), *there], self[name].value())  # type: ignore[attr-defined]
        self.fields["segment"].label = _("Only for those in the segment")
        self.fields["event"].label = _("That the person does")
        self.fields["event"].required = False
        self.fields["exits"].widget.attrs["list"] = EVENTS
        self.fields["exits_property"].widget.attrs["list"] = PROPERTIES

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as they stand on the page, with what each group is about."""
        does = ("event", "property", "op", "value", *self.further(), "goal_same_key")
        leaves = ("exits", "exits_property", "exits_op", "exits_value", "exits_same_key")
        named: list[tuple[str, Sequence[str]]] = [
            (_("Whom for, how often"), ("segment", "reentry", "after_days", "holdout")),
            (_("The goal"), (*does, "goal_segment", "goal_left", "within_days")),
            (_("Who leaves before the end"), (*leaves, "exit_segment", "exit_entered")),
        ]
        return [(title, [self[name] for name in names]) for title, names in named]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        raise NotImplementedError  # of a whole definition: rules_shown()

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("reentry") == "after_days" and not said.get("after_days"):
            self.add_error("after_days", _("After how many days?"))
        goals = [name for name in ("event", "goal_segment", "goal_left") if said.get(name)]
        if len(goals) > 1:
            self.add_error(goals[-1], _("One goal: an event or a segment."))
        return said

    def rules(self) -> dict[str, Any]:
        """What stands in the definition; what is not in it has no such key."""
        said = self.cleaned_data
        reentry = {"after_days": said["after_days"]} if said["reentry"] == "after_days" else said["reentry"]
        found = {
            **{"reentry": reentry, "filter": self.condition_written(), "holdout": said["holdout"]},
            **{"goal": self._goal(), "exit": self._exits()},
        }
        return {name: value for name, value in found.items() if value}

    def _goal(self) -> dict[str, Any]:
        said = self.cleaned_data
        within = {"within_days": said["within_days"]} if said["within_days"] else {}
        if said["goal_segment"]:
            return {"segment": int(said["goal_segment"]), **within}
        if said["goal_left"]:
            return {"segment": int(said["goal_left"]), "left": True, **within}
        if not said["event"]:
            return {}
        return {**self.rule_written(), **({"same_key": True} if said["goal_same_key"] else {}), **within}

    def _exits(self) -> list[dict[str, Any]]:
        said = self.cleaned_data
        found: list[dict[str, Any]] = []
        if said["exits"]:
            where = {"where": [compared(said, start="exits_")]} if said["exits_property"] else {}
            same = {"same_key": True} if said["exits_same_key"] else {}
            found.append({"event": listed(said["exits"]), **where, **same})
        if said["exit_segment"]:
            found.append({"segment": int(said["exit_segment"]), "left": True})
        if said["exit_entered"]:
            found.append({"segment": int(said["exit_entered"])})
        return [*found, *(decoded(said["kept"]) or [])]


def rules_form(definition: Definition, raw: Mapping[str, Any], data: Any = None) -> RulesForm:
    """Filled with the rules of the definition, or bound to what was posted. `raw` is how they are written."""
    return RulesForm(data, initial=rules_shown(definition, raw), prefix="rules")


def rules_shown(definition: Definition, raw: Mapping[str, Any]) -> dict[str, Any]:
    reentry = raw.get("reentry")
    after = definition.reentry.after_days if isinstance(definition.reentry, AfterDays) and reentry else None
    goal = definition.goal
    shown = RuleForm.rule_shown(goal) if goal and goal.segment is None else {}
    return {
        **ConditionForm.condition_shown(definition.filter),
        **shown,
        "reentry": "after_days" if after else reentry or "",
        "after_days": after,
        "holdout": definition.holdout or "",
        "goal_segment": str(goal.segment) if goal and goal.segment is not None and not goal.left else "",
        "goal_left": str(goal.segment) if goal and goal.left else "",
        "goal_same_key": bool(goal and goal.same_key),
        "within_days": goal.within_days if goal else None,
        **_exits_shown(definition.exits, raw.get("exit", [])),
    }


def _exits_shown(exits: Sequence[Exit], raw: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first event and the first segment that is left or entered have their fields, the others are kept."""
    found: dict[str, Any] = {"exits": "", "exits_same_key": False, "exit_segment": "", "exit_entered": ""}
    found |= {"exits_property": "", "exits_op": "is", "exits_value": ""}
    kept = []
    for exit_, written in zip(exits, raw, strict=True):
        if exit_.names and len(exit_.where) < 2 and not found["exits"]:
            found |= {"exits": ", ".join(exit_.names), "exits_same_key": exit_.same_key}
            for one in exit_.where:
                found |= {"exits_property": one.property, "exits_op": one.op, "exits_value": spelled(one.value)}
        elif exit_.segment is not None and exit_.left and not found["exit_segment"]:
            found["exit_segment"] = str(exit_.segment)
        elif exit_.segment is not None and not exit_.left and not found["exit_entered"]:
            found["exit_entered"] = str(exit_.segment)
        else:
            kept.append(written)
    return {**found, "kept": json.dumps(kept) if kept else ""}
