"""Would a message reach this person now? Every check of the gate, asked of a message that is only thought of."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from karibu.messages import gate
from karibu.messages.models import Message, Template
from karibu.messages.status import Status, explain
from karibu.messages.story import CHECK_LABELS


@dataclass(frozen=True)
class Answer:
    """One check: "passed", "stopped" (it would not be sent) or "waits" (it would be sent later), with the reason; or
    "not needed" where it has nothing to ask of such a message."""

    check: str
    words: str
    outcome: str
    reason: str = ""
    explanation: str = ""
    detail: str = ""
    until: datetime | None = None


def check(customer_id: int, channel: str, topic: str, *, is_marketing: bool) -> list[Answer]:
    """Raises LookupError for a channel that does not exist. Writes nothing."""
    template = Template(channel=channel, topic=topic, is_marketing=is_marketing, name="")
    thought = Message(
        customer_id=customer_id, channel=channel, topic=topic, is_marketing=is_marketing, template=template, sender=""
    )
    return [_answer(finding, thought) for finding in gate.rehearse(thought, timezone.now())]


def _answer(finding: gate.Finding, thought: Message) -> Answer:
    words, verdict = str(CHECK_LABELS[finding.check]), finding.verdict
    if verdict is None:
        return Answer(finding.check, words, "passed" if gate.concerns(finding.check, thought) else "not needed")
    outcome = "waits" if verdict.status == Status.HELD else "stopped"
    return Answer(finding.check, words, outcome, verdict.reason, explain(verdict.reason), verdict.detail, verdict.until)


def outcome(answers: list[Answer]) -> str:
    """Of all together: "stopped", "waits" or "passed"."""
    found = {answer.outcome for answer in answers}
    return next(kind for kind in ("stopped", "waits", "passed") if kind in found)
