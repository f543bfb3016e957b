"""The segment's own fields; its conditions are the builder's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.segments import queries
from karibu.segments.actions import NameTaken
from karibu.segments.models import ROOM


class SegmentForm(forms.Form):
    """`digest` is what the definition was when the page was drawn: the stamp of the form knows it (web.stale)."""

    name = forms.CharField(
        label=_("Name"), max_length=ROOM, widget=forms.TextInput(attrs={"autocomplete": "off", "form": "builder"})
    )
    digest = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kept: int | None = None, **kwargs: Any) -> None:
        """`kept`: the number of the segment that is changed; None for a new one."""
        super().__init__(*args, **kwargs)
        self.kept = kept

    def clean_name(self) -> str:
        """Said beside the field; actions.py asks again when it is saved."""
        name: str = " ".join(self.cleaned_data["name"].split())
        is_as_before = self.kept and name == self.initial["name"]
        if not is_as_before and (other := queries.called(name).exclude(pk=self.kept or 0).first()):
            raise forms.ValidationError(str(NameTaken(other)))
        return name
