"""The pipeline's stage that says whose each event is, for a whole batch at once.

The evidence, in the order of its weight:

* An external id is one person; so are an e-mail address and a phone number. Two of these in one event are one
  person, unless both already have external ids of their own: that becomes a suggestion, not a merge.
* An `alias` call is the shop's own statement that two ids are one person.
* A browser proves nothing about who is who. It belongs, at a time, to whoever was signed in on it last (links.py);
  what came before the first sign-in belongs to a nameless customer of its own, merged into that first person.

Several workers do this at once. Each plans on what it read (plan.py), then writes under locks (write.py); when
another has changed what the plan was built on, it plans again.
"""

from karibu.customers import evidence, known, write
from karibu.customers.evidence import Evidence
from karibu.customers.plan import Plan
from karibu.customers.raw import Cursor
from karibu.events.batch import Batch
from karibu.events.event import Event

TRIES = 12


def identify(batch: Batch) -> None:
    """Sets `customer_id` (and `recorded_as`) of every event; 0 where nobody can be named."""
    if not batch.events:
        return
    raw: Cursor = batch.cursor
    read = read_evidence(raw, batch.events)
    for _ in range(TRIES):
        raw.execute("SAVEPOINT identify")
        try:
            _identify_once(batch, raw, read)
        except write.Outdated:
            raw.execute("ROLLBACK TO SAVEPOINT identify")
        else:
            raw.execute("RELEASE SAVEPOINT identify")
            return
    # Each try waited for the other worker's commit, so this is no race: the drain narrows it down to the event.
    raise RuntimeError("whose this event is could not be settled: what is known of its identifiers contradicts itself")


def _identify_once(batch: Batch, raw: Cursor, read: list[Evidence]) -> None:
    keys = {key for found in read for key in found.keys}
    keys |= {("external", found.previous) for found in read if found.previous}
    browsers = {name for found in read for name in (found.browser, found.previous) if name}
    plan = Plan(known.read(raw, keys, browsers))
    places = [plan.place(event, found) for event, found in zip(batch.events, read, strict=True)]
    plan.close()
    write.write(raw, plan, write.Taken(batch.events, read, places), batch.now)


def read_evidence(raw: Cursor, events: list[Event]) -> list[Evidence]:
    """What each event says about who did it.

    Most events tell no traits: what they say is their ids alone, and is the same for all of one person's.
    """
    telling = [event for event in events if evidence.tells_traits(event)]
    regions = _regions(raw, telling)
    plain: dict[tuple[str, str], Evidence] = {}
    read: list[Evidence] = []
    told = {id(event) for event in telling}
    for event in events:
        if id(event) in told or event.type == "alias":
            read.append(evidence.read(event, regions.get(event.user_id, regions.get("", ""))))
            continue
        ids = (event.user_id, event.anonymous_id)
        if ids not in plain:
            plain[ids] = evidence.read(event)
        read.append(plain[ids])
    return read


def _regions(raw: Cursor, telling: list[Event]) -> dict[str, str]:
    """The country of each external id that needs one to read a phone number; under "" the shop's."""
    needing = [event.user_id for event in telling if evidence.needs_region(event)]
    if not needing:
        return {}
    raw.execute(
        "SELECT '', country FROM web_shop UNION ALL SELECT i.value, c.country FROM customers_identity i"
        " JOIN customers_customer c ON c.id = i.customer_id"
        " WHERE i.kind = 'external' AND i.value = ANY(%s) AND c.country <> ''",
        [needing],
    )
    return dict(raw.fetchall())
