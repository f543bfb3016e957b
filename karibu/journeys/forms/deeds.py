"""The forms of steps that do something."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.journeys.draw import MOST
from karibu.journeys.forms.base import StepForm, plain, spelled
from karibu.journeys.models import Journey
from karibu.journeys.steps.send import LATE_DAYS, MOST_DAYS
from karibu.messages import starters, usage
from karibu.messages.models import Template
from karibu.messages.recommend import COUNT
from karibu.messages.rules import name_of
from karibu.shop.models import CouponPool
from karibu.web.models import User


class SendForm(StepForm):
    """The channel is that of the template."""

    template = forms.ChoiceField(label=_("Message template"))
    holdout = forms.IntegerField(
        label=_("Skip, in percent"),
        min_value=0,
        max_value=MOST,
        required=False,
        help_text=_(
            "Chosen by chance, they go on without this message: only so you learn what this one message earned."
        ),
    )

    late_days = forms.IntegerField(
        label=_("Too late after, in days"),
        min_value=1,
        max_value=MOST_DAYS,
        help_text=_(
            "So long it waits where it may not leave yet: too many messages to this person, their quiet hours, an"
            " outage. Then it is not sent at all."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = templates()  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"template": step.template, "holdout": step.holdout or "", "late_days": step.late_days}

    def settings(self) -> dict[str, Any]:
        said = self.cleaned_data
        channel = Template.objects.filter(key=said["template"]).values_list("channel", flat=True).first()
        written = {"template": said["template"], "channel": channel or "email"}
        if said["holdout"]:
            written["holdout"] = said["holdout"]
        if said["late_days"] != LATE_DAYS:
            written["late_days"] = said["late_days"]
        return {"send": written}


class UpdateForm(StepForm):
    trait = forms.CharField(label=_("Trait"), max_length=200)
    value = forms.CharField(label=_("Value"), max_length=1000)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"trait": step.trait, "value": spelled(step.value)}

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
        there = [(str(pk), name) for pk, name in by_hand()]
        self.fields["journey"].choices = there  # type: ignore[attr-defined]
        if not there:
            first = gettext("No journey takes people in by hand yet. Begin one, and let a hand bring people in.")
            _first(self.fields["journey"], first, reverse("journeys"), gettext("To the journeys"))

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"journey": str(step.journey)}

    def settings(self) -> dict[str, Any]:
        return {"hand_over": {"journey": int(self.cleaned_data["journey"])}}


class CouponForm(StepForm):
    pool = forms.ChoiceField(label=_("Coupon pool"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = [(str(pk), name) for pk, name in pools()]
        self.fields["pool"].choices = there  # type: ignore[attr-defined]
        if not there:
            first = gettext("There is no coupon pool yet. Make one, then choose it here.")
            _first(self.fields["pool"], first, reverse("coupons-new"), gettext("Make a coupon pool"))

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"pool": str(step.pool)}

    def settings(self) -> dict[str, Any]:
        return {"coupon": {"pool": int(self.cleaned_data["pool"])}}


class RecommendForm(StepForm):
    count = forms.IntegerField(label=_("So many products"), min_value=1, max_value=COUNT)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"count": step.count}

    def settings(self) -> dict[str, Any]:
        return {"recommend": dict(self.cleaned_data)}


class ConsentForm(StepForm):
    how = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("ask", _("Ask them by mail to confirm it")),
            ("note", _("Note it, where the law needs no asking")),
        ],
    )
    channel = forms.CharField(label=_("Channel"), max_length=20)
    topic = forms.CharField(label=_("Topic"), max_length=40)
    wording = forms.CharField(
        label=_("What they agree to, or why no asking is needed"), max_length=500, widget=forms.Textarea({"rows": 3})
    )

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {name: getattr(step, name) for name in ("how", "channel", "topic", "wording")}

    def settings(self) -> dict[str, Any]:
        return {"consent": dict(self.cleaned_data)}


class TaskForm(StepForm):
    title = forms.CharField(label=_("What is to be done"), max_length=200)
    colleague = forms.ChoiceField(label=_("Who does it"), required=False)
    within_days = forms.IntegerField(label=_("Within so many days"), min_value=0, max_value=365)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = User.objects.filter(is_active=True).order_by("name", "email").values_list("email", "name")
        own = [("", gettext("anybody")), *((email, name or email) for email, name in there)]
        kept = self.initial.get("colleague")
        gone = [(kept, kept)] if kept and kept not in dict(own) else []
        self.fields["colleague"].choices = [*own, *gone]  # type: ignore[attr-defined]

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"title": step.title, "colleague": step.colleague, "within_days": step.within_days}

    def settings(self) -> dict[str, Any]:
        return {"task": dict(self.cleaned_data)}


class WebhookForm(StepForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        help_text=_("It is asked by POST and answers with JSON, which checks and messages know as reply.name."),
    )
    with_person = forms.BooleanField(label=_("Tell it the person's name and addresses"), required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"url": step.url, "with_person": step.with_person}

    def settings(self) -> dict[str, Any]:
        return {"webhook": dict(self.cleaned_data)}


class LeaveForm(StepForm):
    because = forms.CharField(label=_("Because"), max_length=200, required=False)

    @staticmethod
    def values(step: Any) -> dict[str, Any]:
        return {"because": step.because}

    def settings(self) -> dict[str, Any]:
        return {"leave": {"because": self.cleaned_data["because"]} if self.cleaned_data["because"] else {}}


def _first(field: forms.Field, words: str, url: str, label: str) -> None:
    """What has to be there before something can be chosen, and the way to it."""
    field.help_text = format_html('{} <a href="{}">{}</a>', words, url, label)
    field.error_messages["required"] = words


def pools() -> Iterable[tuple[int, str]]:
    """Where coupons come from."""
    return CouponPool.objects.order_by("name").values_list("pk", "name")


def by_hand() -> Iterable[tuple[int, str]]:
    """Journeys that take people in by hand."""
    return Journey.objects.filter(definition__entry__by_hand=True).order_by("name").values_list("pk", "name")


def templates() -> list[tuple[str, str]]:
    """What can be sent: the shop's own templates, of every channel, and the starters."""
    known = {
        key: name if channel == "email" else f"{name} ({name_of(channel)})"
        for key, name, channel in usage.choosable().values_list("key", "name", "channel")
    }
    return sorted({**starters.names(), **known}.items(), key=lambda pair: pair[1])
