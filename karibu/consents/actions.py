"""Recording consents and suppressing addresses. Both only ever add rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from karibu.consents import blocked, queries
from karibu.consents.models import Suppression
from karibu.consents.statement import GIVEN, ON_BEHALF, OWN_ACT, Statement
from karibu.customers.models import Customer
from karibu.customers.raw import cursor
from karibu.events.arrays import with_bulk_arrays
from karibu.web.actions import record

ADDRESS_IN = {"email": "email", "sms": "phone", "whatsapp": "phone"}  # the customer's field by which they are reached
_RECORD = """
    INSERT INTO consents_consent (customer_id, channel, topic, status, method, basis, wording, source, strength,
        evidence, at, import_id)
    SELECT n.customer_id, n.channel, n.topic, n.status, n.method, n.basis, n.wording, n.source,
        CASE WHEN n.is_state AND n.status = 'given' AND before.status IS NULL THEN least(n.strength, %s)
            ELSE n.strength END,
        n.evidence, n.at, n.import_id
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::smallint[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bool[])
        AS n(customer_id, channel, topic, status, method, basis, wording, source, strength, evidence, at, import_id,
            is_state)
    LEFT JOIN LATERAL (
        SELECT c.status FROM consents_consent c
        WHERE c.customer_id = n.customer_id AND c.channel = n.channel AND c.topic = n.topic
            AND c.source = n.source AND c.method = n.method
        ORDER BY c.at DESC, c.id DESC LIMIT 1) AS before ON n.is_state
    WHERE NOT n.is_state OR n.status IS DISTINCT FROM before.status"""


def record_consents(statements: Sequence[Statement]) -> int:
    """Adds the statements to the ledger in the caller's transaction; returns how many were news.

    A state (see statement.STATES) that its source has stated before is no news. The first "given" of a source may
    be years old: it is no act of the person's, so it does not stand against an unsubscribe.
    """
    rows = [_row(s) for s in _without_repeats(statements)]
    if not rows:
        return 0
    recorded = _bulk(_RECORD, [ON_BEHALF, *(list(column) for column in zip(*rows, strict=True))])
    if recorded:
        _welcome_back(statements)
    return recorded


_WELCOME_BACK = """
    UPDATE consents_suppression s SET lifted_at = now(), lifted_by = 'the person', lifted_because = n.method
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) AS n(customer_id, channel, method, at)
    JOIN customers_customer c ON c.id = n.customer_id
    WHERE s.channel = n.channel AND s.value = lower(CASE n.channel WHEN 'email' THEN c.email ELSE c.phone END)
        AND s.reason = 'unsubscribed' AND s.lifted_at IS NULL AND s.at < n.at
        AND EXISTS (SELECT FROM consents_consent k WHERE k.customer_id = n.customer_id AND k.channel = n.channel
            AND k.method = n.method AND k.at = n.at AND k.status = 'given' AND k.strength >= %s)"""


def _welcome_back(statements: Iterable[Statement]) -> None:
    """Whoever agrees anew by an act of their own is unsubscribed no more."""
    acts = [s for s in statements if s.status == GIVEN and s.strength >= OWN_ACT]
    if acts:
        columns = zip(*((s.customer_id, s.channel, s.method, s.at) for s in acts), strict=True)
        _bulk(_WELCOME_BACK, [*(list(column) for column in columns), OWN_ACT])


def _bulk(statement: str, values: list[object]) -> int:
    """The pipeline says this for each batch: in binary form, and as a statement whose plan the server may keep."""
    with connection.wrap_database_errors:
        return with_bulk_arrays(cursor()).execute(statement, values).rowcount


@transaction.atomic
def leave_everything(statement: Statement) -> None:
    """A person wants no marketing by a channel any more: it is withdrawn, and their address says so, whoever has it.

    `statement` is that withdrawal, of everything.
    """
    record_consents([statement])
    field = ADDRESS_IN.get(statement.channel)
    if field is None:  # a browser, a chat: they have no address that somebody else could have, too
        return
    address = Customer.objects.filter(pk=statement.customer_id, erased_at=None).values_list(field, flat=True).first()
    if address:
        suppress(statement.channel, [address], Suppression.Reason.UNSUBSCRIBED, at=statement.at, by=statement.source)


def _without_repeats(statements: Iterable[Statement]) -> list[Statement]:
    """Leaves out a state that the same source stated just before within this very call."""
    said: dict[tuple[object, ...], str] = {}
    news = []
    for s in statements:
        about = (s.customer_id, s.channel, s.topic, s.source, s.method)
        if s.is_state and said.get(about) == s.status:
            continue
        said[about] = s.status
        news.append(s)
    return news


def _row(s: Statement) -> tuple[object, ...]:
    said = (s.customer_id, s.channel, s.topic[:40], s.status, s.method, s.basis, s.wording, s.source[:200])
    return (*said, s.strength, s.evidence[:300], s.at, s.import_id, s.is_state)


def suppress(
    channel: str, addresses: Iterable[str], reason: str, *, at: datetime | None = None, by: str = "", note: str = ""
) -> int:
    """Nothing goes to these addresses any more, whoever they belong to. Returns how many were not blocked before.

    An address is blocked for the graver of two reasons: one that only unsubscribed can still bounce. Addresses of
    erased people are left out: nothing is written to them anyway, and they are not written down again.
    """
    wanted = {queries.normalise(channel, address) for address in addresses} - {""}
    wanted -= blocked.erased(wanted)
    there = queries.suppressed(channel, wanted)
    is_grave = reason != queries.STOPS_MARKETING
    new = {value for value in wanted if value not in there or (is_grave and there[value] == queries.STOPS_MARKETING)}
    at = at or timezone.now()
    Suppression.objects.bulk_create(
        [
            Suppression(channel=channel, value=value, reason=reason, at=at, by=by[:254], note=note[:300])
            for value in sorted(new)
        ],
        batch_size=5000,
    )
    return len(new)


def lift_suppression(channel: str, address: str, *, by: str, because: str = "") -> int:
    """A colleague's decision to write to an address again; the ledger keeps that it was blocked. Returns the rows."""
    value = queries.normalise(channel, address)
    rows = Suppression.objects.filter(channel=channel, value=value, lifted_at=None)
    lifted = rows.update(lifted_at=timezone.now(), lifted_by=by, lifted_because=because[:300])
    if lifted:
        record(by, "lifted suppression", f"{channel} address", because=because)
    return lifted


@transaction.atomic
def block(channel: str, addresses: Sequence[str], reason: str, *, by: str, note: str = "") -> int:
    """What a colleague blocks, by hand or with another system's list. Returns how many were not blocked before."""
    new = suppress(channel, addresses, reason, by=by, note=note)
    record(by, "blocked addresses", f"{channel} addresses", count=new, reason=reason)
    return new
