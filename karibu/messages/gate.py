"""The gate: nothing leaves except through here, and it is asked at the moment of sending.

Each check looks at the whole group at once and gives a verdict to those it stops. The first verdict stands; who
has none at the end is ready.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from karibu.consents import queries as consents
from karibu.customers.models import Customer
from karibu.messages import channels, quiet
from karibu.messages.facts import the_shop
from karibu.messages.models import Message, Rules
from karibu.messages.status import Reason
from karibu.messages.verdict import READY, Verdict, held, refused
from karibu.shop.models import Cart, Order
from karibu.web.models import Shop


@dataclass
class Case:
    """One message before the gate."""

    message: Message
    customer: Customer | None = None
    address: str = ""
    verdict: Verdict | None = None


@dataclass
class Group:
    cases: list[Case]
    now: datetime
    shop: Shop = field(default_factory=the_shop)
    rules: Rules = field(default_factory=lambda: Rules.objects.filter(pk=1).first() or Rules())

    def undecided(self, *, marketing: bool | None = None) -> Iterator[Case]:
        for case in self.cases:
            if case.verdict is None and marketing in (None, case.message.is_marketing):
                yield case

    def customers(self) -> dict[int, Customer]:
        return {case.customer.pk: case.customer for case in self.cases if case.customer}


def ask(messages: Sequence[Message], now: datetime) -> Group:
    """Decides on each of these messages. Call it in the transaction that holds their rows."""
    group = Group(cases=[Case(message) for message in messages], now=now)
    for _, check in CHECKS:
        check(group)
    for case in group.undecided():
        case.verdict = READY
    return group


def person_is_there(group: Group) -> None:
    """Follows merges to whom the customer is today; an erased or unknown person gets nothing."""
    found = _customers({case.message.customer_id for case in group.undecided()})
    found |= _customers({c.merged_into for c in found.values() if c.merged_into})
    for case in group.undecided():
        customer = found.get(case.message.customer_id)
        if customer and customer.merged_into:
            customer = found.get(customer.merged_into)
        if customer is None or customer.erased_at:
            case.verdict = refused(Reason.ERASED)
        else:
            case.customer, case.message.customer_id = customer, customer.pk


def _customers(ids: set[int]) -> dict[int, Customer]:
    return {customer.pk: customer for customer in Customer.objects.filter(pk__in=ids).defer("search")}


def address_is_known(group: Group) -> None:
    for kind in {case.message.channel for case in group.undecided()}:
        channel = channels.get(kind)
        cases = [case for case in group.undecided() if case.message.channel == kind]
        known = channel.addresses_of([case.customer for case in cases if case.customer])
        for case in cases:
            written = known.get(case.message.customer_id, "")
            case.address = channel.usable(written)
            if not written:
                case.verdict = refused(Reason.NO_ADDRESS)
            elif not case.address:
                case.verdict = refused(Reason.BAD_ADDRESS)


def address_is_open(group: Group) -> None:
    """Suppression stops everything, transactional messages too: the address bounced, complained or was blocked."""
    for channel in {case.message.channel for case in group.undecided()}:
        cases = [case for case in group.undecided() if case.message.channel == channel]
        blocked = consents.suppressed(channel, [case.address for case in cases])
        for case in cases:
            if why := blocked.get(consents.normalise(channel, case.address)):
                case.verdict = refused(Reason.SUPPRESSED, why)


def consent_is_given(group: Group) -> None:
    """Marketing needs a consent in force for its channel and topic. Transactional messages do not."""
    for channel, topic in {(c.message.channel, c.message.topic) for c in group.undecided(marketing=True)}:
        cases = [c for c in group.undecided(marketing=True) if (c.message.channel, c.message.topic) == (channel, topic)]
        status = consents.in_force({case.message.customer_id for case in cases}, channel, topic)
        for case in cases:
            said = status.get(case.message.customer_id)
            if said != "given":
                case.verdict = refused(Reason.WITHDRAWN if said else Reason.NO_CONSENT, f"{channel}, {topic}")


def moment_is_not_past(group: Group) -> None:
    for case in group.undecided():
        if case.message.expires_at and case.message.expires_at < group.now:
            case.verdict = refused(Reason.TOO_LATE)


def cart_is_still_open(group: Group) -> None:
    """A message about a cart is pointless once the cart was ordered or emptied."""
    cases = [case for case in group.undecided() if case.message.context.get("cart_id")]
    carts = {str(case.message.context["cart_id"]) for case in cases}
    if not carts:
        return
    ordered = set(Order.objects.filter(cart_id__in=carts).values_list("cart_id", flat=True))
    status = dict(Cart.objects.filter(cart_id__in=carts).values_list("cart_id", "status"))
    for case in cases:
        cart = str(case.message.context["cart_id"])
        if cart in ordered or status.get(cart) == Cart.Status.ORDERED:
            case.verdict = refused(Reason.CART_ORDERED)
        elif status.get(cart) == Cart.Status.EMPTIED:
            case.verdict = refused(Reason.CART_EMPTIED)


_LATEST = """
    SELECT customer_id, max(coalesce(sent_at, claimed_at)) FROM messages_message
    WHERE customer_id = ANY(%s) AND is_marketing AND status IN ('sent', 'sending')
        AND coalesce(sent_at, claimed_at) > %s
    GROUP BY customer_id"""


def person_has_had_rest(group: Group) -> None:
    """Two marketing messages to one person keep a distance, also when both are in this very group."""
    gap = timedelta(hours=group.rules.gap_hours)
    cases = list(group.undecided(marketing=True))
    if not cases or not gap:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [[case.message.customer_id for case in cases], group.now - gap])
        latest: dict[int, datetime] = dict(cursor.fetchall())
    for case in cases:
        customer = case.message.customer_id
        if customer in latest:
            case.verdict = held(latest[customer] + gap, Reason.FREQUENCY, f"{group.rules.gap_hours} h")
        else:
            latest[customer] = group.now


def person_is_awake(group: Group) -> None:
    """Quiet hours count in the person's own zone. Only marketing waits for the morning."""
    if group.rules.quiet_from is None or group.rules.quiet_until is None:
        return
    for case in group.undecided(marketing=True):
        zone = quiet.zone_of(case.customer.timezone if case.customer else "", group.shop.timezone)
        if until := quiet.ends(group.now, zone, group.rules.quiet_from, group.rules.quiet_until):
            case.verdict = held(until, Reason.QUIET_HOURS, zone.key)


def channel_is_open(group: Group) -> None:
    """A mail server that is known to be away gets nothing filled in for it."""
    for channel in {case.message.channel for case in group.undecided()}:
        verdict = channels.get(channel).closed()
        for case in group.undecided():
            if case.message.channel == channel:
                case.verdict = verdict


Check = Callable[[Group], None]
# In this order; the name is what the message's page calls the check.
CHECKS: list[tuple[str, Check]] = [
    ("person", person_is_there),
    ("address", address_is_known),
    ("suppression", address_is_open),
    ("consent", consent_is_given),
    ("moment", moment_is_not_past),
    ("cart", cart_is_still_open),
    ("quiet hours", person_is_awake),
    ("frequency", person_has_had_rest),
    ("channel", channel_is_open),
]
