"""The forms of steps that do something."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.journeys.forms.base import StepForm, plain
from karibu.journeys.models import Journey
from karibu.messages import starters
from karibu.messages.models import Template


class SendForm(StepForm):
    template = forms.ChoiceField(label=_("Message template"))
    channel = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = templates()  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"template": step.template, "channel": step.channel}

    def settings(self) -> dict[str, Any]:
        channel = self.cleaned_data["channel"] or "email"
        return {"send": {"template": self.cleaned_data["template"], "channel": channel}}


class UpdateForm(StepForm):
    trait = forms.CharField(label=_("Trait"), max_length=200)
    value = forms.CharField(label=_("Value"), max_length=1000)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"trait": step.trait, "value": step.value}

    def settings(self) -> dict[str, Any]:
        return {"update": {"trait": self.cleaned_data["trait"], "value": plain(self.cleaned_data["value"])}}


class UnsubscribeForm(StepForm):
    channel = forms.CharField(label=_("Channel"), max_length=20)
    topic = forms.CharField(label=_("Topic"), max_length=40, help_text=_("* is every topic."))

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"channel": step.channel, "topic": step.topic}

    def settings(self) -> dict[str, Any]:
        return {"unsubscribe": {"channel": self.cleaned_data["channel"], "topic": self.cleaned_data["topic"]}}


class HandOverForm(StepForm):
    journey = forms.ChoiceField(label=_("Journey"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["journey"].choices = [(str(pk), name) for pk, name in by_hand()]  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"journey": str(step.journey)}

    def settings(self) -> dict[str, Any]:
        return {"hand_over": {"journey": int(self.cleaned_data["journey"])}}


class LeaveForm(StepForm):
    because = forms.CharField(label=_("Because"), max_length=200, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"because": step.because}

    def settings(self) -> dict[str, Any]:
        return {"leave": {"because": self.cleaned_data["because"]} if self.cleaned_data["because"] else {}}


def by_hand() -> Iterable[tuple[int, str]]:
    """Journeys that take people in by hand."""
    return Journey.objects.filter(definition__entry__by_hand=True).order_by("name").values_list("pk", "name")


def templates() -> list[tuple[str, str]]:
    """What can be sent: the shop's own templates and the starters."""
    known = dict(Template.objects.filter(channel="email").values_list("key", "name"))
    ours = {key: str(starters.read(key)["name"]) for key in starters.keys() if key not in known}  # noqa: SIM118
    return sorted({**ours, **known}.items(), key=lambda pair: pair[1])
