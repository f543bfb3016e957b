"""The builder's form."""

from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from karibu.consents import topics
from karibu.growth.models import SignUp
from karibu.growth.questions import QUESTIONS
from karibu.shop.models import CouponPool

WORDS = (
    ("heading", _("Heading"), 120),
    ("text", _("Text"), 400),
    ("button", _("Button"), 60),
    ("thanks", _("What they read afterwards"), 300),
)
AGREED = _("Yes, write to me about what is new and on offer. I can stop it at any time.")
START = {
    "heading": _("Hear from us first"),
    "text": _("About once a month: what is new, and what is on offer."),
    "button": _("Sign up"),
    "thanks": _("Thank you. Look into your mailbox: one click there, and it is done."),
}


class SignUpForm(forms.ModelForm):  # type: ignore[type-arg]
    """`a_…` and `b_…` are the words of the versions, `sw_…` those of another language. No heading: none."""

    topics = forms.MultipleChoiceField(label=_("Topics that they agree to"), widget=forms.CheckboxSelectMultiple)
    fields_asked = forms.MultipleChoiceField(
        label=_("Also ask for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(one.name, one.label) for one in QUESTIONS.values()],
        help_text=_("A visitor is asked for what they have not told yet, a little at a time."),
    )
    pool_id = forms.TypedChoiceField(
        label=_("Coupon for whoever signed up"), required=False, coerce=int, empty_value=None
    )

    class Meta:
        model = SignUp
        fields = ["name", "slug", "shows", "threshold", "wording", "at_once", "is_confirmed"]
        labels = {
            "name": _("Name"),
            "slug": _("Its word in addresses"),
            "shows": _("Where it shows"),
            "threshold": _("Seconds, percent or value"),
            "wording": _("What they agree to"),
            "at_once": _("Questions at a time"),
            "is_confirmed": _("They confirm their address first (double opt-in)"),
        }
        help_texts = {
            "wording": _("Word for word, beside the box they tick. It is kept with each consent."),
            "slug": _("Its own page is at /p/word/. Empty: made from the name."),
            "threshold": _("A pop-up waits for so many seconds, percent of the page, or money in the cart."),
        }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        form = self.instance
        self.fields["slug"].required = False
        self.initial["wording"] = form.wording or AGREED
        self.fields["topics"].choices = topics.choices()[:-1]  # type: ignore[attr-defined]
        self.fields["topics"].initial = form.topics or [one.key for one in topics.offered() if one.is_default]
        self.fields["fields_asked"].initial = form.fields
        pools = CouponPool.objects.order_by("name").values_list("pk", "name")
        self.fields["pool_id"].choices = [("", _("none")), *pools]  # type: ignore[attr-defined]
        self.fields["pool_id"].initial = form.pool_id
        for version in ("a", "b"):
            self._add_words(version, self._version(version))
        for language in topics.LANGUAGES:
            self._add_words(language, form.texts.get(language, {}))
            label, initial = _("What they agree to"), form.texts.get(language, {}).get("wording", "")
            self.fields[f"{language}_wording"] = forms.CharField(
                label=label, initial=initial, max_length=500, required=False
            )

    def _version(self, key: str) -> dict[str, Any]:
        if not self.instance.versions:
            return dict(START) if key == "a" else {}
        return next((one for one in self.instance.versions if one["key"] == key), {})

    def _add_words(self, prefix: str, words: dict[str, Any]) -> None:
        for part, label, longest in WORDS:
            self.fields[f"{prefix}_{part}"] = forms.CharField(
                label=label, initial=words.get(part, ""), max_length=longest, required=prefix == "a"
            )

    def clean_slug(self) -> str:
        """The word that was typed; else the first free one made from the name."""
        word: str = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:50] or "form"
        if self.cleaned_data["slug"]:
            return word
        taken = set(SignUp.objects.filter(slug__startswith=word).values_list("slug", flat=True))
        return next(one for n in range(1, len(taken) + 2) if (one := f"{word}-{n}" if n > 1 else word) not in taken)

    def version_fields(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(key, [self[f"{key}_{part}"] for part, _label, _most in WORDS]) for key in ("a", "b")]

    def language_fields(self) -> list[tuple[str, list[forms.BoundField]]]:
        parts = [*(part for part, _label, _most in WORDS), "wording"]
        return [(one, [self[f"{one}_{part}"] for part in parts]) for one in topics.LANGUAGES]

    def save(self, commit: bool = True) -> Any:
        said, form = self.cleaned_data, super().save(commit=False)
        versions = [{"key": key, **self._words(said, key)} for key in ("a", "b") if said.get(f"{key}_heading")]
        form.versions = versions
        texts = {one: {**self._words(said, one), "wording": said[f"{one}_wording"]} for one in topics.LANGUAGES}
        form.texts = {language: words for language, words in texts.items() if any(words.values())}
        form.topics, form.fields, form.pool_id = said["topics"], said["fields_asked"], said["pool_id"]
        return form

    def _words(self, said: dict[str, Any], prefix: str) -> dict[str, str]:
        return {part: said.get(f"{prefix}_{part}", "") for part, _label, _most in WORDS}
