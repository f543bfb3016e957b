"""What the gate asks of e-mail: no more a day to a domain than the plan for it says (warm-up).

Who is one too many waits for the next day (UTC). Counted is who is let through here, also where something else holds
them afterwards: a plan is never exceeded, at times it is not used up.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection

from karibu.messages.channels.email.models import Departed, Pace
from karibu.messages.gate.case import Case
from karibu.messages.status import Reason
from karibu.messages.verdict import Verdict, held

ANY = ""  # the plan of every domain that has none of its own


def allows(cases: Sequence[Case], now: datetime) -> Sequence[Verdict | None]:
    """In the order of the cases. Call it in the transaction that holds their rows: the counts are locked with it."""
    plans = {pace.domain: pace for pace in Pace.objects.all()}
    if not plans:
        return [None] * len(cases)
    domains = [_domain(case.address) for case in cases]
    left = _left(sorted({domain for domain in domains if domain in plans or ANY in plans}), plans, now.date())
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    going: Counter[str] = Counter()
    verdicts: list[Verdict | None] = []
    for domain in domains:
        is_full = domain in left and going[domain] >= left[domain]
        verdicts.append(held(tomorrow, Reason.PACE, domain) if is_full else None)
        going[domain] += not is_full
    _count({domain: going[domain] for domain in left if going[domain]}, now.date())
    return verdicts


def _count(going: dict[str, int], day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE email_departed d SET count = d.count + n.more FROM unnest(%s::text[], %s::int[]) AS n(domain, more)"
            " WHERE d.domain = n.domain AND d.day = %s",
            [list(going), list(going.values()), day],
        )


def _left(domains: Sequence[str], plans: dict[str, Pace], day: date) -> dict[str, int]:
    """How many more may go to each today; the rows stay locked until the transaction ends."""
    Departed.objects.bulk_create([Departed(domain=one, day=day) for one in domains], ignore_conflicts=True)
    rows = Departed.objects.filter(domain__in=domains, day=day).order_by("domain").select_for_update()
    return {row.domain: max(0, planned(plans.get(row.domain) or plans[ANY], day) - row.count) for row in rows}


def planned(pace: Pace, day: date) -> int:
    """How many the plan lets go on that day."""
    days = min(max((day - pace.since).days, 0), 400)
    grown = int(min(pace.first * (1 + pace.growth / 100) ** days, 2_000_000_000))
    return min(grown, pace.most) if pace.most else grown


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
