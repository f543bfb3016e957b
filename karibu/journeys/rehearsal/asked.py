"""What steps ask of the past: who met a condition when they stood there, and whether a message would have left."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from karibu.events import queries as events
from karibu.journeys.rehearsal.turns import Turns
from karibu.journeys.steps.base import Traveller
from karibu.messages import gate, starters
from karibu.messages.gate import Thought
from karibu.messages.gate.case import Case
from karibu.messages.intents import Intent
from karibu.messages.models import Template
from karibu.messages.status import Reason
from karibu.segments import definition, run

FINE = 1_000_000  # events in the log, up to which conditions are asked for each hour, not each day
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Line = tuple[int, str, str, bool]  # customer, channel, template, skipped by chance: what the standing checks look at
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Asked:
    """The `Past` of the steps (steps/base.py) for one rehearsal.

    Conditions are asked of everybody once for each `span` in which somebody stands before one, as of its beginning:
    nobody's future is looked into, and what somebody did within the span is not seen.
    """

    until: datetime
    span: timedelta = field(default_factory=lambda: HOUR if events.total() <= FINE else DAY)
    intended: list[Case] = field(default_factory=list)  # the messages of this chunk that people may be sent
    refused: Counter[str] = field(default_factory=Counter)  # the others, by reason
    queue: Turns = field(default_factory=Turns)
    _members: dict[tuple[str, datetime], pa.Array] = field(default_factory=dict)
    _asking: Lock = field(default_factory=Lock)
    _standing: dict[Line, Case] = field(default_factory=dict)
    _templates: dict[str, Template] = field(default_factory=dict)

    def meets(self, condition: Mapping[str, Any], travellers: Sequence[Traveller]) -> Sequence[bool]:
        written = json.dumps(condition, sort_keys=True)
        by_span: dict[datetime, list[Traveller]] = defaultdict(list)
        for traveller in travellers:
            by_span[self._begins(traveller.due_at or self.until)].append(traveller)
        met: set[int] = set()
        for moment, there in by_span.items():
            asked = pa.array([traveller.customer_id for traveller in there], pa.int64())
            yes = pc.is_in(asked, self._members_at(written, moment)).to_pylist()
            met |= {traveller.id for traveller, is_one in zip(there, yes, strict=True) if is_one}
        return [traveller.id in met for traveller in travellers]

    def lets_pass(self, intents: Sequence[Intent]) -> Sequence[bool]:
        """What is known of people today is asked once for each of them; hours and caps later, of all together."""
        lines = [_line(intent) for intent in intents]
        self._ask({line: one for line, one in zip(lines, intents, strict=True) if line not in self._standing})
        known = [self._standing[line] for line in lines]
        for intent, case in zip(intents, known, strict=True):
            if case.verdict is None:
                self.intended.append(self._thought(intent).case(case))
            else:
                self.refused[str(case.verdict.reason)] += 1
        return [case.verdict is None or case.verdict.reason == Reason.HOLDOUT for case in known]

    def turns(self, step: int, apart: timedelta, come: Sequence[tuple[Traveller, datetime]]) -> Sequence[datetime]:
        return self.queue.give(step, apart, come)

    def beside(self) -> "Asked":
        """For whoever tells of other people at the same time: what was asked of everybody is known to both."""
        return Asked(self.until, self.span, queue=self.queue, _members=self._members, _asking=self._asking)

    def forget(self) -> None:
        """The next chunk has other people."""
        self.intended, self.refused, self._standing = [], Counter(), {}

    def _begins(self, moment: datetime) -> datetime:
        return moment - (moment - _EPOCH) % self.span

    def _members_at(self, written: str, moment: datetime) -> pa.Array:
        with self._asking:
            if (written, moment) not in self._members:
                meant = run.resolve(definition.parse(json.loads(written)))
                self._members[written, moment] = run.members(meant, now=moment)["id"].combine_chunks()
            return self._members[written, moment]

    def _ask(self, first: Mapping[Line, Intent]) -> None:
        thoughts = [self._thought(intent) for intent in first.values()]
        self._standing.update(zip(first, gate.standing(thoughts, self.until), strict=True))

    def _thought(self, intent: Intent) -> Thought:
        template = self._template(intent.template_key)
        return Thought(
            customer_id=intent.customer_id,
            channel=intent.channel,
            topic=template.topic,
            is_marketing=template.is_marketing,
            due_at=intent.due_at or self.until,
            sender=intent.sender,
            priority=intent.priority + template.priority,
            is_holdout=intent.is_holdout,
            enrollment_id=intent.enrollment_id,
            expires_at=intent.expires_at,
        )

    def _template(self, key: str) -> Template:
        """As it is in the shop; a starter that has not been planted as it would be."""
        if key not in self._templates:
            found = Template.objects.filter(key=key).first()
            self._templates[key] = found or Template(key=key, **starters.read(key))
        return self._templates[key]


def _line(intent: Intent) -> Line:
    return intent.customer_id, intent.channel, intent.template_key, intent.is_holdout
