"""What kinds of messages people can agree to. The shop names them; "offers" is there from the start."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.consents.models import Topic
from karibu.consents.statement import EVERYTHING, OFFERS
from karibu.web.actions import record

LANGUAGES = ("sw", "rw", "xh", "pt", "fr", "es", "de")  # that a topic's words can be given in, beside the shop's own


def offered() -> list[Topic]:
    """Those that people are asked for, in their order. "offers" is among them unless the shop closed it."""
    rows = list(Topic.objects.order_by("place", "pk"))
    if all(topic.key != OFFERS for topic in rows):
        rows.insert(0, built_in())
    return [topic for topic in rows if topic.closed_at is None]


def built_in() -> Topic:
    description = _("News of products, sales and what was left in the cart.")
    return Topic(key=OFFERS, name=_("Offers"), description=description, is_default=True)


def choices() -> list[tuple[str, str]]:
    """For a form: the topics, and everything."""
    return [*((topic.key, topic.name) for topic in offered()), (EVERYTHING, _("everything"))]


def names() -> dict[str, str]:
    """{key: what it is called}, closed ones too. A topic that only events name is not in it."""
    known = {OFFERS: built_in().name, EVERYTHING: _("everything")}
    return known | dict(Topic.objects.values_list("key", "name"))


def called(keys: Iterable[str], language: str) -> list[str]:
    """What these topics are called in a person's language; one that only events name stands for itself."""
    known = {one.key: said(one, language)["name"] for one in (built_in(), *Topic.objects.all())}
    return [known.get(key, _("everything") if key == EVERYTHING else key) for key in keys]


def said(topic: Topic, language: str) -> dict[str, str]:
    """Name and description in a person's language ("pt-BR" falls back to "pt"), or in the shop's own words."""
    texts = topic.texts.get(language) or topic.texts.get(language.partition("-")[0]) or {}
    return {
        "name": texts.get("name") or topic.name,
        "description": texts.get("description") or topic.description,
    }


@transaction.atomic
def save(topic: Topic, *, by: str) -> None:
    verb = "changed topic" if topic.pk else "created topic"
    topic.save()
    record(by, verb, f"topic {topic.key}")


@transaction.atomic
def close(topic: Topic, *, by: str) -> None:
    """Nobody is asked for it any more. What people said of it stays, and counts where a template still names it."""
    topic.closed_at = timezone.now()
    topic.save()
    record(by, "closed topic", f"topic {topic.key}")


@transaction.atomic
def reopen(topic: Topic, *, by: str) -> None:
    topic.closed_at = None
    topic.save()
    record(by, "reopened topic", f"topic {topic.key}")


def texts_of(cleaned: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What a form's fields `name_sw`, `description_sw` ... say, without the empty ones."""
    texts = {
        language: {part: cleaned.get(f"{part}_{language}", "") for part in ("name", "description")}
        for language in LANGUAGES
    }
    return {language: words for language, words in texts.items() if any(words.values())}
