"""The four steps of a campaign as one form: who, what, when; and how much of it is a test."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from karibu.campaigns.models import Campaign
from karibu.messages import starters, usage
from karibu.messages.models import Template
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool
from karibu.web.formats import count

TEMPLATES = ("template_a", "template_b", "template_c")


class NewForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("For you and your colleagues; nobody else sees it.")
    )
    # Whose people it begins with, where one comes from a segment.
    segment = forms.ModelChoiceField(Segment.objects.filter(archived_at=None), required=False, widget=forms.HiddenInput)


class CampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    include = forms.TypedMultipleChoiceField(
        label=_("Who is in one of these"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: everybody who is known."),
    )  # fmt: skip
    exclude = forms.TypedMultipleChoiceField(
        label=_("And in none of these"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    template_a = forms.ChoiceField(label=_("Message template"))
    template_b = forms.ChoiceField(label=_("Compare with"), required=False)
    template_c = forms.ChoiceField(label=_("And with"), required=False)

    class Meta:
        model = Campaign
        fields = [
            "name", "holdout", "coupon_pool", "utm_campaign", "when", "day", "hour", "per_hour", "late_hours",
            "test_share", "test_hours", "goal", "window_days",
        ]  # fmt: skip
        widgets = {
            "day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "hour": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "when": forms.RadioSelect,
        }
        labels = {
            "name": _("Name"),
            "holdout": _("Held out, in percent"),
            "coupon_pool": _("A code of their own from"),
            "utm_campaign": _("Campaign name in links (UTM)"),
            "when": _("When"),
            "day": _("Day"),
            "hour": _("Time"),
            "per_hour": _("At most so many an hour"),
            "late_hours": _("Too late after, in hours"),
            "test_share": _("Test on, in percent"),
            "test_hours": _("The winner is chosen after, in hours"),
            "goal": _("Best by"),
            "window_days": _("Orders count for, in days"),
        }
        help_texts = {
            "holdout": _("Chosen by chance, they get nothing: only so you learn what the campaign really earned."),
            "coupon_pool": _("Stands in the template as {{ coupon.code }}."),
            "utm_campaign": _("Added to links into your shop. Empty: nothing is added."),
            "per_hour": _("Empty: as fast as the mail server takes it."),
            "late_hours": _("Whoever cannot be written to so soon after their time is not written to at all."),
            "test_share": _("So many get one of the templates, the rest later the best. Empty: everybody at once."),
            "test_hours": _("Empty: you choose it yourself."),
            "window_days": _("After each person's turn."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = _templates()
        segments = _segments([*self.instance.include, *self.instance.exclude])
        for name in ("include", "exclude"):
            chosen = set(getattr(self.instance, name))  # first: of many segments only some are in sight
            offered = [(one.pk, _called(one)) for one in segments if one.archived_at is None or one.pk in chosen]
            self.fields[name].choices = sorted(offered, key=lambda pair: pair[0] not in chosen)  # type: ignore[attr-defined]
            self.initial.setdefault(name, getattr(self.instance, name))
        for n, name in enumerate(TEMPLATES):
            none = [("", _("Choose one") if n == 0 else _("nothing"))]
            self.fields[name].choices = [*none, *known]  # type: ignore[attr-defined]
            self.initial.setdefault(name, self.instance.templates[n] if n < len(self.instance.templates) else "")
        self.fields["template_a"].required = False  # a draft may be unfinished; launching asks for it
        pools: Any = self.fields["coupon_pool"]
        pools.queryset, pools.empty_label = CouponPool.objects.order_by("name"), _("no pool")

    def plan(self) -> dict[str, Any]:
        """What actions.edit takes."""
        given = dict(self.cleaned_data)
        given["templates"] = [key for name in TEMPLATES if (key := given.pop(name, ""))]
        chosen = Template.objects.filter(key__in=given["templates"][:1]).values_list("channel", flat=True).first()
        return {**given, "channel": chosen or "email"}

    def planned(self) -> Campaign:
        """The campaign as the form says it, not saved: what a check is made of."""
        campaign: Campaign = self.instance
        for name, value in self.plan().items():
            setattr(campaign, name, value)
        return campaign


def _segments(chosen: Sequence[int]) -> list[Segment]:
    """Those to choose from. One that was chosen and is in the archive by now stays in sight, until it is taken out:
    without it, the draft would silently mean everybody."""
    offered = Segment.objects.filter(Q(archived_at=None) | Q(pk__in=chosen)).order_by("name", "pk")
    return list(offered.only("name", "size", "archived_at"))


def _called(segment: Segment) -> str:
    if segment.archived_at:
        return _("%(name)s (in the archive)") % {"name": segment.name}
    return f"{segment.name} ({count(segment.size)})" if segment.size is not None else segment.name


def _templates() -> list[tuple[str, str]]:
    known = dict(usage.choosable().values_list("key", "name"))
    ours = {key: name for key, name in starters.of_channel("email").items() if key not in known}
    return sorted({**ours, **known}.items(), key=lambda pair: pair[1])
