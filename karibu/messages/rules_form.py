"""The form of the shop's rules: one for all channels together and each channel."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.messages import hours
from karibu.messages.models import ChannelRules, Rules
from karibu.messages.rules import Current, name_of

COUNTS = ("gap_hours", "most", "most_days")
HOURS = ("hours", "on_sundays", "on_holidays", "by_country")
_GAP = _("Hours between two marketing messages to one person; 0 for no limit.")
_MOST = _("0: no limit of this kind.")


def _number(label: Any, least: int, most: int, text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=text, min_value=least, max_value=most)


class HoursField(forms.CharField):
    """Open hours as people type them; kept as they are shown, so that saving twice changes nothing."""

    def clean(self, value: Any) -> str:
        try:
            return hours.written(hours.parse(super().clean(value)))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class RulesForm(forms.Form):
    """Fields of all channels together stand under `all-`, those of a channel under its kind (`email-hours`)."""

    def __init__(self, sent: Any, rules: Current) -> None:
        super().__init__(sent)
        self.rules = rules
        self._add("all", rules.shop, _counts())
        self._add("all", rules.shop, _holdout())
        for kind, row in rules.channels.items():
            self._add(kind, row, {**_counts(), **_open_hours()})

    def _add(self, prefix: str, row: Rules | ChannelRules, fields: dict[str, forms.Field]) -> None:
        for name, field in fields.items():
            field.initial = getattr(row, name)
            self.fields[f"{prefix}-{name}"] = field

    def counts(self) -> Iterator[forms.BoundField]:
        return (self[f"all-{name}"] for name in COUNTS)

    def holdout(self) -> Iterator[forms.BoundField]:
        return (self[f"all-{name}"] for name in ("holdout_percent", "holdout_draw"))

    def channels(self) -> Iterator[tuple[str, list[forms.BoundField], list[forms.BoundField]]]:
        """Each channel's name with its fields of how often and of when."""
        for kind in self.rules.channels:
            yield name_of(kind), [self[f"{kind}-{n}"] for n in COUNTS], [self[f"{kind}-{n}"] for n in HOURS]

    def filled(self) -> Current:
        """The rows as the form says, not saved."""
        rows = {"all": self.rules.shop, **self.rules.channels}
        for name, value in self.cleaned_data.items():
            prefix, _dash, field = name.partition("-")
            setattr(rows[prefix], field, value)
        return self.rules

    def save(self) -> None:
        filled = self.filled()
        filled.shop.save()
        for row in filled.channels.values():
            row.save()


def _counts() -> dict[str, forms.Field]:
    return {
        "gap_hours": _number(_("Hours apart"), 0, 720, _GAP),
        "most": _number(_("At most so many"), 0, 1000, _MOST),
        "most_days": _number(_("in so many days"), 1, 365),
    }


def _holdout() -> dict[str, forms.Field]:
    share = _("Always the same people; what the others bring in more is what your marketing is worth. 0: nobody.")
    draw = _("Any word. Another word draws other people.")
    return {
        "holdout_percent": forms.FloatField(
            label=_("Per cent of customers"), help_text=share, min_value=0, max_value=50
        ),
        "holdout_draw": forms.CharField(label=_("Draw"), help_text=draw, max_length=40),
    }


def _open_hours() -> dict[str, forms.Field]:
    text = _("By the person's own clock, like 09:00-12:00, 14:00-20:00; also past midnight. Empty: at any hour.")
    return {
        "hours": HoursField(label=_("Only at these hours"), help_text=text, max_length=100, required=False),
        "on_sundays": forms.BooleanField(label=_("Also on Sundays"), required=False),
        "on_holidays": forms.BooleanField(label=_("Also on public holidays of the person's country"), required=False),
        "by_country": forms.BooleanField(
            label=_("Only within the hours of the person's country (below)"), required=False
        ),
    }
