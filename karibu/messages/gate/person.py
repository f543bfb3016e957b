"""Whom it is for: there, reachable, not blocked, and agreed."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection

from karibu.consents import queries as consents
from karibu.messages import channels, holdout
from karibu.messages.gate.case import Case, Group
from karibu.messages.senders import CONFIRMATION
from karibu.messages.status import Reason
from karibu.messages.verdict import held, refused

COMPLAINT_TRAIT = "open_complaint"  # a trait of this name that is not empty, false or 0
COMPLAINT_IS_NEW = timedelta(days=30)
PAUSE = timedelta(hours=6)  # then it is asked again

_REPORTED = """
    SELECT s.channel, s.value FROM unnest(%s::text[], %s::text[]) AS w(channel, value)
    JOIN consents_suppression s ON s.channel = w.channel AND s.value = w.value
    WHERE s.reason = 'complaint' AND s.lifted_at IS NULL AND s.at > %s"""


def person_is_there(group: Group) -> None:
    """Follows merges to whom the customer is today; an erased or unknown person gets nothing."""
    found = group.people({case.message.customer_id for case in group.undecided()})
    found |= group.people({c.merged_into for c in found.values() if c.merged_into})
    for case in group.undecided():
        customer = found.get(case.message.customer_id)
        if customer and customer.merged_into:
            customer = found.get(customer.merged_into)
        if customer is None or customer.erased_at:
            case.verdict = refused(Reason.ERASED)
        else:
            case.customer, case.message.customer_id = customer, customer.pk


def address_is_known(group: Group) -> None:
    for kind, cases in group.by_channel().items():
        channel = channels.get(kind)
        known = channel.addresses_of([case.customer for case in cases if case.customer])
        for case in cases:
            written = _asked(case) or known.get(case.message.customer_id, "")
            case.address = channel.usable(written)
            if not written:
                case.verdict = refused(Reason.NO_ADDRESS)
            elif not case.address:
                case.verdict = refused(Reason.BAD_ADDRESS)


def _asked(case: Case) -> str:
    """The address that is asked whether it is the person's; "" for every other message."""
    return str(case.message.context.get("address", "")) if case.message.sender == CONFIRMATION else ""


def address_is_open(group: Group) -> None:
    """Suppression stops everything, transactional messages too: the address bounced, complained or was blocked.

    Only who unsubscribed from all marketing is still told about their orders.
    """
    for channel, cases in group.by_channel().items():
        blocked = consents.suppressed(channel, [case.address for case in cases])
        for case in cases:
            why = blocked.get(consents.normalise(channel, case.address))
            if why and (case.message.is_marketing or why != consents.STOPS_MARKETING):
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


def person_wants_no_silence(group: Group) -> None:
    """Who paused all marketing gets none; it is not kept for later, when it would come all at once."""
    cases = list(group.undecided(marketing=True))
    until = consents.paused({case.message.customer_id for case in cases}, group.now)
    for case in cases:
        if case.message.customer_id in until:
            case.verdict = refused(Reason.SILENCE, until[case.message.customer_id].date().isoformat())


def person_is_written_to(group: Group) -> None:
    """The share that gets nothing is kept apart here: of those who would have been sent it, not of everybody.

    The shop's first, which gets no marketing at all; then the sender's own, so that those are of the same kind as the
    people they are compared with.
    """
    percent, draw = group.rules.holdout_percent, group.rules.holdout_draw
    for case in group.undecided():
        if case.message.is_marketing and holdout.holds(case.message.customer_id, percent, draw):
            case.verdict = refused(Reason.HOLDOUT, f"{percent:g} %")
        elif case.message.is_holdout:
            case.verdict = refused(Reason.HOLDOUT, case.message.sender)


_pausers: list[Callable[[Collection[int]], set[int]]] = []


def pause_register(pauser: Callable[[Collection[int]], set[int]]) -> None:
    """`pauser(customer_ids)` says for whom offers wait: whose complaint is open. It is asked once for a group."""
    if pauser not in _pausers:
        _pausers.append(pauser)


def person_has_no_complaint(group: Group) -> None:
    """Offers wait while a complaint is open: one that an app tells of, a trait says, or somebody reported as spam."""
    cases = list(group.undecided(marketing=True))
    if not cases:
        return
    ids = {case.message.customer_id for case in cases}
    paused = {number for pauser in _pausers for number in pauser(ids)} | _who_reported(cases, group.now)
    for case in cases:
        assert case.customer
        if case.message.customer_id in paused or case.customer.traits.get(COMPLAINT_TRAIT):
            case.verdict = held(group.now + PAUSE, Reason.PAUSED)


def _who_reported(cases: Sequence[Case], now: datetime) -> set[int]:
    """Whose mail address or number was lately reported: on that channel nothing leaves, on the others offers wait."""
    owners: dict[tuple[str, str], int] = {}
    for case in cases:
        assert case.customer
        for kind in channels.KINDS:
            value = (case.customer.email if kind == "email" else case.customer.phone).strip().lower()
            if value and kind != case.message.channel:
                owners[kind, value] = case.customer.pk
    kinds, values = zip(*owners, strict=True) if owners else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(_REPORTED, [list(kinds), list(values), now - COMPLAINT_IS_NEW])
        return {owners[kind, value] for kind, value in cursor.fetchall()}
