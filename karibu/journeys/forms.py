"""The forms behind the cards: one for each kind of step, and the question before a change goes live."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.journeys.steps import Step
from karibu.journeys.steps.send import Send
from karibu.journeys.steps.wait import Wait
from karibu.messages import starters
from karibu.messages.models import Template

UNITS = (("seconds", _("seconds")), ("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days")))


class WaitForm(forms.Form):
    """A wait in one unit; one that was written in several (1 hour 30 minutes) is shown in the smallest of them."""

    length = forms.IntegerField(label=_("How long"), min_value=1, max_value=10_000_000)
    unit = forms.ChoiceField(label=_("Unit"), choices=UNITS)
    quiet = forms.BooleanField(label=_("Start anew whenever something more happens with it"), required=False)

    @staticmethod
    def values(step: Wait) -> dict[str, Any]:
        total = int(step.length.total_seconds())
        seconds, unit = next((s, u) for s, u in _SECONDS if total % s == 0 and total >= s)
        return {"length": total // seconds, "unit": unit, "quiet": step.quiet}

    def settings(self) -> dict[str, Any]:
        """The step as it stands in the definition."""
        length = {self.cleaned_data["unit"]: self.cleaned_data["length"]}
        return {"wait": {**length, "quiet": True} if self.cleaned_data["quiet"] else length}


_SECONDS = ((86400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


class SendForm(forms.Form):
    template = forms.ChoiceField(label=_("Message template"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = _templates()  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Send) -> dict[str, Any]:
        return {"template": step.template}

    def settings(self) -> dict[str, Any]:
        return {"send": {"template": self.cleaned_data["template"], "channel": "email"}}


FORMS: dict[str, type[WaitForm] | type[SendForm]] = {"wait": WaitForm, "send": SendForm}


def form_for(step: Step, position: int, data: Any = None) -> WaitForm | SendForm:
    """The form of one step, filled with its settings or bound to what was posted."""
    kind: Any = FORMS[step.KIND]
    form: WaitForm | SendForm = kind(data, initial=kind.values(step), prefix=f"step-{position}")
    return form


def _templates() -> list[tuple[str, str]]:
    known = dict(Template.objects.filter(channel="email").values_list("key", "name"))
    ours = {key: str(starters.read(key)["name"]) for key in starters.keys() if key not in known}  # noqa: SIM118
    return sorted({**ours, **known}.items(), key=lambda pair: pair[1])
