"""The segment's own fields; its conditions are the builder's."""

from django import forms
from django.utils.translation import gettext_lazy as _

from karibu.segments.actions import ROOM


class SegmentForm(forms.Form):
    """`digest` is what the definition was when the page was drawn: the stamp of the form knows it (web.stale)."""

    name = forms.CharField(
        label=_("Name"), max_length=ROOM, widget=forms.TextInput(attrs={"autocomplete": "off", "form": "builder"})
    )
    digest = forms.CharField(required=False, widget=forms.HiddenInput)
