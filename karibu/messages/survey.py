"""Surveys: one question behind a signed link of a message, answered on a page of our own.

`{{ score_url }}` asks who would recommend the shop (0 to 10), `{{ stars_url }}` how somebody likes what they bought.
The answer is a POST, which no scanner makes, and becomes the event "Survey Answered" of the log.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from karibu.collect.actions import create_source, take_in
from karibu.messages import visits
from karibu.messages.models import Message

ANSWERED = "Survey Answered"
SOURCE = "Surveys"
SCORE, STARS = "score", "stars"
# What can be answered on each scale, in the order of its `position` in the signed word of the link.
SCALES: dict[str, range] = {SCORE: range(11), STARS: range(1, 6)}
LONGEST = 2000  # letters of somebody's own words
ABOUT = ("order_id", "product_id")


@transaction.atomic
def answer(message: Message, scale: str, score: int, text: str, number: str) -> None:
    """Takes an answer in. `number` is that of the page that was filled in: sent twice, it is one answer; a page that
    is opened again makes another, which comes later and counts from then on."""
    known: dict[str, Any] = {name: str(message.context.get(name) or "") for name in ABOUT}
    known |= {"text": text[:LONGEST], "sender": message.sender, "template": message.template.key}
    properties = {"scale": scale, "score": score, "most": SCALES[scale][-1], "message_id": message.pk}
    event = {
        "type": "track",
        "event": ANSWERED,
        "messageId": f"survey-{message.pk}-{number}",
        "timestamp": timezone.now().isoformat(),
        "properties": properties | {name: value for name, value in known.items() if value},
        **visits.identifiers({message.customer_id})[message.customer_id],
    }
    take_in([event], create_source(SOURCE, kind="form", believes_consents=False))


def words(language: str) -> dict[str, str]:
    """What the page says, in this language or its nearest; else in English."""
    said = _said()
    return said.get(language) or said.get(language.partition("-")[0]) or said["en"]


@cache
def _said() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("survey.toml").read_text(encoding="utf-8"))
