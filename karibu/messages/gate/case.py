"""What stands before the gate: a group of messages, each with what the checks have found so far."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from karibu.customers import raw
from karibu.customers.models import Customer
from karibu.messages.facts import the_shop
from karibu.messages.models import ChannelRules, Message, Rules
from karibu.messages.verdict import Verdict
from karibu.web.models import Shop


@dataclass(slots=True)
class Case:
    """One message before the gate. `customer` and `address` are there once the checks of these names have passed."""

    message: Message
    customer: Customer | None = None
    address: str = ""
    verdict: Verdict | None = None


# What sending looks at; the rest of the row stays where it is.
_COLUMNS = ["id", "name", "email", "phone", "country", "city", "language", "timezone", "traits", "is_anonymous"]
_COLUMNS += ["merged_into", "erased_at"]
_PEOPLE = f"SELECT {', '.join(_COLUMNS)} FROM customers_customer WHERE id = ANY(%s)"  # noqa: S608 - constants of ours
People = Callable[[set[int]], dict[int, Customer]]


def people(ids: set[int]) -> dict[int, Customer]:
    return {one.pk: one for one in raw.objects(Customer, _COLUMNS, _PEOPLE, list(ids))} if ids else {}


@dataclass
class Group:
    cases: list[Case]
    now: datetime
    people: People = people
    shop: Shop = field(default_factory=the_shop)
    rules: Rules = field(default_factory=lambda: Rules.objects.filter(pk=1).first() or Rules())
    channel_rules: dict[str, ChannelRules] = field(
        default_factory=lambda: {r.pk: r for r in ChannelRules.objects.all()}
    )

    def rules_of(self, channel: str) -> ChannelRules:
        if channel not in self.channel_rules:
            self.channel_rules[channel] = ChannelRules.usual(channel)
        return self.channel_rules[channel]

    def undecided(self, *, marketing: bool | None = None) -> Iterator[Case]:
        for case in self.cases:
            if case.verdict is None and marketing in (None, case.message.is_marketing):
                yield case

    def by_channel(self, *, marketing: bool | None = None) -> dict[str, list[Case]]:
        """The undecided cases of each channel."""
        found: dict[str, list[Case]] = {}
        for case in self.undecided(marketing=marketing):
            found.setdefault(case.message.channel, []).append(case)
        return found

    def customers(self) -> dict[int, Customer]:
        return {case.customer.pk: case.customer for case in self.cases if case.customer}
