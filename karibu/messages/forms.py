"""The forms of templates, and of a colleague's words to one person."""

import re
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from karibu.consents.models import Topic
from karibu.messages import channels, preview, rules
from karibu.messages.blocks.brand import FONTS, NETWORKS, SHAPES
from karibu.messages.blocks.kinds import KINDS
from karibu.messages.channels.models import WhatsAppTemplate
from karibu.messages.channels.whatsapp import templates as whatsapp
from karibu.messages.models import Brand, Template, Wording
from karibu.messages.personal import Way


class _WithTopic(forms.ModelForm):  # type: ignore[type-arg]
    """A form that asks for the topic, of those that the shop has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = dict(Topic.objects.filter(closed_at=None).order_by("place", "pk").values_list("key", "name"))
        topics.setdefault(self.instance.topic, self.instance.topic)
        self.fields["topic"].widget = forms.Select(choices=list(topics.items()))
        priority: Any = self.fields["priority"]
        priority.required = False  # whoever posts without it leaves it as it is
        priority.help_text = _("The rules let only so much pass; the rest waits. Receipts and the like never do.")

    def clean_priority(self) -> int:
        chosen = self.cleaned_data["priority"]
        return int(self.instance.priority if chosen in (None, "") else chosen)


class TemplateForm(_WithTopic):
    class Meta:
        model = Template
        fields = ["name", "topic", "is_marketing", "priority", "subject", "body", "text"]
        labels = {
            "name": gettext_lazy("Name"),
            "topic": gettext_lazy("Topic"),
            "is_marketing": gettext_lazy("Marketing: needs consent, carries an unsubscribe link"),
            "priority": gettext_lazy("When several messages wait for one person"),
            "subject": gettext_lazy("Subject"),
            "body": gettext_lazy("Body (MJML with Liquid)"),
            "text": gettext_lazy("Plain text (Liquid; empty: derived from the body)"),
        }
        widgets = {
            "subject": forms.TextInput,
            "body": forms.Textarea(attrs={"spellcheck": "false", "wrap": "off"}),
            "text": forms.Textarea(attrs={"spellcheck": "false"}),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for fault in preview.faults(self._candidate(cleaned)):
            self.add_error(fault.field, fault.words)
        return cleaned

    def _candidate(self, cleaned: dict[str, Any]) -> Template:
        fields = {name: cleaned.get(name) for name in self.Meta.fields if cleaned.get(name) is not None}
        return Template(key=self.instance.key or "new", **fields)


class TextForm(_WithTopic):
    """A template of a channel without HTML: a title where the channel shows one, and the words."""

    class Meta:
        model = Template
        fields = ["name", "topic", "is_marketing", "priority", "subject", "text"]
        labels = {
            **TemplateForm.Meta.labels,
            "subject": gettext_lazy("Title"),
            "text": gettext_lazy("Words (Liquid)"),
            "is_marketing": gettext_lazy("Marketing: needs consent"),
        }
        help_texts = {
            "subject": gettext_lazy("Shown by notifications; text messages have none."),
            "text": gettext_lazy("The first address in it is where a click on a notification leads."),
        }
        widgets = {"subject": forms.TextInput, "text": forms.Textarea(attrs={"rows": 6})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subject"].required, self.fields["text"].required = False, True
        self.initial["text"] = self.instance.text or self.instance.body  # as it is sent
        if self.instance.channel != "push":  # no other text has a title, or is clicked as a whole
            del self.fields["subject"]
            self.fields["text"].help_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        known = {name: cleaned.get(name) or "" for name in ("subject", "text")}
        for fault in preview.faults(Template(key="new", channel=self.instance.channel, **known)):
            self.add_error(fault.field if fault.field in self.fields else None, fault.words)
        return cleaned


class BlocksForm(_WithTopic):
    """What stands above the blocks."""

    class Meta:
        model = Template
        fields = ["name", "topic", "is_marketing", "priority", "subject", "preheader"]
        labels = {**TemplateForm.Meta.labels, "preheader": gettext_lazy("Behind the subject")}
        help_texts = {"preheader": gettext_lazy("The first words that an inbox shows.")}
        widgets = {"subject": forms.TextInput, "preheader": forms.TextInput}


class WordingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What stands above a translation."""

    class Meta:
        model = Wording
        fields = ["subject", "preheader", "body", "text"]
        labels = BlocksForm.Meta.labels
        help_texts = BlocksForm.Meta.help_texts
        widgets = {**TemplateForm.Meta.widgets, "preheader": forms.TextInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channel = self.instance.template.channel
        if self.instance.blocks is not None:
            del self.fields["body"], self.fields["text"]
        elif channel != "email":
            del self.fields["body"], self.fields["preheader"]
            self.fields["text"].label = TextForm.Meta.labels["text"]
            self.initial["text"] = self.instance.text or self.instance.body
            self.fields["text"].required, self.fields["subject"].required = True, False
            if channel != "push":
                del self.fields["subject"]


_COPIED = ("subject", "preheader", "topic", "is_marketing", "priority", "language")
_CHANNELS = {"email": gettext_lazy("E-mail"), "sms": gettext_lazy("SMS"), "whatsapp": "WhatsApp"}


class NewTemplate(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    channel = forms.ChoiceField(label=gettext_lazy("Sent by"))
    begin = forms.ChoiceField(
        label=gettext_lazy("Begin with"), help_text=gettext_lazy("For e-mail; other channels have words alone.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Template.objects.filter(blocks__isnull=False).order_by("name").values_list("key", "name")
        begin: Any = self.fields["begin"]
        begin.choices = [("", _("an empty page")), *own]
        begin.required = False
        sent_by: Any = self.fields["channel"]
        sent_by.choices = [(kind, _CHANNELS.get(kind, kind.capitalize())) for kind in channels.KINDS]
        sent_by.required = False

    def _copied(self) -> Template | None:
        return Template.objects.filter(key=self.cleaned_data["begin"]).first()

    def blocks(self) -> list[dict[str, Any]]:
        source = self._copied()
        start = [KINDS[kind].start() for kind in ("heading", "text", "button", "footer")]
        return list(source.blocks or start) if source else start

    def about(self) -> dict[str, Any]:
        source = self._copied()
        if source is None:
            return {"subject": self.cleaned_data["name"]}
        return {name: getattr(source, name) for name in _COPIED}


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Brand
        fields = ["logo_url", "accent", "page", "sheet", "ink", "font", "buttons"]
        labels = {
            "logo_url": gettext_lazy("Logo"),
            "accent": gettext_lazy("Buttons and links"),
            "page": gettext_lazy("Around the mail"),
            "sheet": gettext_lazy("Behind the words"),
            "ink": gettext_lazy("Words"),
            "font": gettext_lazy("Font"),
            "buttons": gettext_lazy("Buttons"),
        }
        help_texts = {"logo_url": gettext_lazy("The address of a picture; empty: none.")}
        widgets = {
            **{name: forms.TextInput(attrs={"type": "color"}) for name in ("accent", "page", "sheet", "ink")},
            "font": forms.Select(choices=[(key, key.capitalize()) for key in FONTS]),
            "buttons": forms.Select(choices=[(key, key.capitalize()) for key in SHAPES]),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for network in NETWORKS:
            first = (self.instance.links or {}).get(network, "")
            self.fields[f"link_{network}"] = forms.URLField(
                label=NETWORKS[network], required=False, initial=first, assume_scheme="https"
            )

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as they stand together on the page."""
        networks = [self[f"link_{network}"] for network in NETWORKS]
        colours = [self[name] for name in ("accent", "page", "sheet", "ink")]
        rest = [self[name] for name in ("font", "buttons")]
        return [("", [self["logo_url"]]), (_("Colours"), colours), (_("Shapes"), rest), (_("Your pages"), networks)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("accent", "page", "sheet", "ink"):
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", str(cleaned.get(name, ""))):
                self.add_error(name, _("A colour is written like #b4532f."))
        links = {network: cleaned.get(f"link_{network}") or "" for network in NETWORKS}
        self.instance.links = {network: url for network, url in links.items() if url}
        return cleaned


class WriteForm(forms.Form):
    """Any words; or, where the channel is locked, an approved template and what goes into its holes.

    Sent twice it has one `number`.
    """

    channel = forms.ChoiceField(label=gettext_lazy("By"))
    approved = forms.ModelChoiceField(WhatsAppTemplate.objects.none(), label=gettext_lazy("Approved template"))
    heading = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(label=gettext_lazy("Words"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8}))
    number = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, way: Way, given: Any, *, is_sent: bool) -> None:
        kept = {name: given.get(name, "") for name in ("heading", "text", "approved") if given.get(name)}
        start = {**kept, "channel": way.channel, "number": uuid4()}
        super().__init__(given if is_sent else None, initial=start)
        self.way = way
        by: Any = self.fields["channel"]
        by.choices = [(kind, rules.name_of(kind)) for kind in channels.KINDS]
        self.template = self._chosen(given.get("approved", "")) if way.locked else None
        self._fit()

    def _chosen(self, number: str) -> WhatsAppTemplate | None:
        known = {str(one.pk): one for one in self.way.approved}
        return known.get(number) or next(iter(self.way.approved), None)

    def _fit(self) -> None:
        """Only the fields that this way has."""
        if self.way.channel != "email":
            del self.fields["heading"]
        if not self.way.locked:
            del self.fields["approved"]
            return
        del self.fields["text"]
        approved: Any = self.fields["approved"]
        approved.queryset = WhatsAppTemplate.objects.filter(pk__in=[one.pk for one in self.way.approved])
        approved.label_from_instance = lambda one: f"{one.name} ({one.language})"
        approved.empty_label = None
        if self.template:
            self.initial["approved"] = self.template.pk
            for place, hole in enumerate(whatsapp.holes(self.template)):
                label = _("In the place of %(hole)s") % {"hole": "{{" + hole + "}}"}
                self.fields[f"hole_{place}"] = forms.CharField(label=label, max_length=1000)

    @property
    def words(self) -> str:
        """What the approved template says, holes and all."""
        return whatsapp.words_of(self.template) if self.template else ""

    @property
    def holes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("hole_")]

    def said(self) -> tuple[str, str]:
        """(subject, text)."""
        if self.template is None:
            return self.cleaned_data.get("heading", ""), self.cleaned_data["text"]
        values = [" ".join(self.cleaned_data[bound.name].split()) for bound in self.holes]
        return "", whatsapp.filled(self.template, values)
