"""Taking an answer in: it becomes events of the log, and what they bring about follows in the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from karibu.collect.actions import create_source, take_in
from karibu.collect.models import Source
from karibu.consents import blocked
from karibu.growth import counting
from karibu.growth.models import SignUp
from karibu.growth.questions import QUESTIONS
from karibu.web.actions import record

SOURCE = "Sign-up forms"  # its key stands nowhere: what comes from it went through take_answer
ANSWERED = "Form Submitted"
UTM = ("source", "medium", "campaign", "term", "content")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What somebody filled in, and where."""

    email: str
    version: str = "a"
    traits: Mapping[str, str] = field(default_factory=dict)
    anonymous_id: str = ""
    url: str = ""
    language: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    evidence: str = ""  # network and program


def source() -> Source:
    return create_source(SOURCE, kind="form", believes_consents=False)


def names() -> dict[str, str]:
    """{slug: name} of every form."""
    return dict(SignUp.objects.order_by("name").values_list("slug", "name"))


@transaction.atomic
def take_answer(form: SignUp, given: Given) -> None:
    """Counts the answer and puts it into the inbox: who it is, and that they answered. Nothing of the erased."""
    if blocked.erased([given.email]):
        return
    version = _version(form, given.version)
    counting.add(form, version["key"], answers=1)
    traits = {"email": given.email, **{name: text for name, text in given.traits.items() if name in QUESTIONS and text}}
    if given.language:
        traits["language"] = given.language
    campaign = {("name" if part == "campaign" else part): given.utm[part] for part in UTM if given.utm.get(part)}
    who: dict[str, Any] = {"context": {"campaign": campaign, "page": {"url": given.url}}}
    who["anonymousId"] = given.anonymous_id or f"form-{uuid4().hex}"
    properties = {
        "form": form.slug,
        "version": version["key"],
        "wording": said(form, given.language)["wording"],
        "evidence": given.evidence,
    }
    identify = {"type": "identify", "traits": traits, **who}
    take_in([identify, {"type": "track", "event": ANSWERED, "properties": properties, **who}], source())


def _version(form: SignUp, key: str) -> dict[str, str]:
    found: dict[str, str] = next((one for one in form.versions if one["key"] == key), form.versions[0])
    return found


def said(form: SignUp, language: str, version: str = "a") -> dict[str, str]:
    """The form's words in a language ("pt-BR" falls back to "pt"), where it has them; else its own."""
    own = {**_version(form, version), "wording": form.wording}
    texts = form.texts.get(language) or form.texts.get(language.partition("-")[0]) or {}
    return {**own, **{part: text for part, text in texts.items() if text}}


@transaction.atomic
def save(form: SignUp, *, by: str) -> None:
    verb = "changed form" if form.pk else "created form"
    form.save()
    record(by, verb, f"form {form.pk}", name=form.name)


@transaction.atomic
def publish(form: SignUp, live: bool, *, by: str) -> None:
    form.live_at = timezone.now() if live else None
    form.save(update_fields=["live_at"])
    source()
    record(by, "published form" if live else "took form back", f"form {form.pk}", name=form.name)
