"""Erasing a person: out of every store, for good, and with a lock on every door they could come back through.

1. The doors close: a keyed hash of each identifier (blocked.py), so that the pipeline drops what still arrives. Then
   every batch under way that began before is waited for, and what it taught us of the person is locked out as well.
2. Each app takes its part out, the customer's own row first: from then on nobody else writes about them.
3. Whoever had begun before that is waited for, and the apps look once more for what those left behind.

Each step is a transaction of its own and can be done again, and a row (Erasure) remembers how far it is: one that was
stopped, or died, goes on from there, by the same command or by itself.

Making a person anonymous is the same way (`anonymise`), but for three things: of what they did, what happened stays
under a number that leads to nobody; carts stay as numbers; and the doors are opened again at the end.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from karibu.collect import drain
from karibu.consents import person, waiting
from karibu.consents.blocked import block, erased, unblock
from karibu.consents.models import Erasure
from karibu.consents.person import Person
from karibu.customers import addresses, raw
from karibu.customers.models import Customer, Identity
from karibu.customers.queries import resolve
from karibu.customers.raw import Cursor
from karibu.web.actions import record

OUTSIDE = waiting.OUTSIDE
LOCK = 0x6B65  # the namespace of our advisory locks on erasures
ABANDONED = timedelta(minutes=3)  # without a sign of life; then the schedule goes on with it
TOGETHER = 10  # people who are looked for in the log at once: its files are written anew once for all of them
ROUNDS = 20  # of learning new identifiers; each needs a batch that brought one while the one before was closed
Eraser = Callable[[Person, Cursor], dict[str, int]]
Tell = Callable[[str], None]
Hold = Callable[[Person], str]
_erasers: list[Eraser] = []
_holds: list[Hold] = []


class NobodyThere(LookupError):
    """There is no such customer, or they were erased already."""


class UnderWay(RuntimeError):
    """Another process is at this erasure."""


class StillWaiting(RuntimeError):
    """Something that holds the person is at work: the schedule looks again when it is over."""


def register(eraser: Eraser) -> None:
    """`eraser(person, cursor)` removes the person from an app's tables, inside the transaction, and returns
    {what: how many}. It is called more than once. Those of upper apps, which write into lower ones, come first."""
    if eraser not in _erasers:
        _erasers.append(eraser)


def wait_for(hold: Hold) -> None:
    """`hold(person)` says what holds the person and cannot be interrupted, in one sentence, or "" for nothing."""
    if hold not in _holds:
        _holds.append(hold)


def erase(customer_id: int, *, by: str, tell: Tell = lambda step: None) -> Erasure:
    """Erases the customer and all that were merged into them, or goes on with an erasure that was interrupted.

    `tell` hears of each step. Raises NobodyThere, UnderWay or StillWaiting; after the last the schedule tries again.
    """
    return finish(start(customer_id, by), tell)


def anonymise(customer_id: int, *, by: str, tell: Tell = lambda step: None) -> Erasure:
    """Makes the customer, and all that were merged into them, nobody: statistics stay. As erase()."""
    return finish(start(customer_id, by, keeps_numbers=True), tell)


def erase_soon(customer_id: int, *, by: str, keeps_numbers: bool = False) -> tuple[Erasure, str]:
    """The person is out of PostgreSQL when this returns; a worker takes them out of the log, whose files take time
    to be written anew, and until then its events still name them. `done_at` of the row says when that is done.

    Beside it, what even the first part has to wait for: the schedule then goes on with all of it. Raises NobodyThere.
    """
    from karibu.consents import jobs

    erasure = start(customer_id, by, keeps_numbers=keeps_numbers)
    trouble = _finish_together([erasure], lambda step: None, only_rows=True).get(erasure.pk)
    if trouble and not isinstance(trouble, StillWaiting | UnderWay):
        raise trouble
    if not trouble:
        jobs.erase.defer(erasures=[erasure.pk])
    return erasure, str(trouble or "")


def begin(customer_ids: Iterable[int], *, by: str, keeps_numbers: bool = False) -> list[Erasure]:
    """Erasures of these customers, for a worker to do. Those who are not there are left out."""
    from karibu.consents import jobs

    begun: dict[int, Erasure] = {}
    with transaction.atomic():
        for number in customer_ids:
            with suppress(NobodyThere):
                erasure = start(number, by, keeps_numbers=keeps_numbers)
                begun[erasure.pk] = erasure
        jobs.erase.defer(erasures=list(begun))
    return list(begun.values())


def finish(erasure: Erasure, tell: Tell = lambda step: None) -> Erasure:
    """Does what is left of an erasure. Raises as erase() does."""
    for trouble in _finish_together([erasure], tell).values():
        raise trouble
    return erasure


def finish_several(erasures: Iterable[Erasure]) -> dict[int, Exception]:
    """Does what is left of these, TOGETHER with one look through the log. {id: why not} of those that are not done."""
    kinds: dict[bool, list[Erasure]] = {True: [], False: []}
    for erasure in erasures:
        kinds[erasure.keeps_numbers].append(erasure)
    later: dict[int, Exception] = {}
    for those in kinds.values():
        for start in range(0, len(those), TOGETHER):
            later |= _finish_together(those[start : start + TOGETHER], lambda step: None)
    return later


def unfinished() -> list[Erasure]:
    """Those that nobody is at any more."""
    return list(Erasure.objects.filter(done_at=None, touched_at__lt=timezone.now() - ABANDONED).order_by("pk"))


def find(text: str) -> int | None:
    """The customer of an id, an e-mail address, a phone number or any other identifier, in any spelling.

    Also one whose erasure has begun and is not done.
    """
    typed = text.strip()
    if typed.isdecimal() and len(typed) < 19 and (found := resolve(int(typed))):
        return found
    spelled = {typed, typed.lower(), addresses.email(typed), addresses.phone_key(addresses.phone(typed, _region()))}
    row = Identity.objects.filter(kind__in=Identity.Kind.values, value__in=spelled - {""})
    customer = row.values_list("customer_id", flat=True).first()
    return resolve(customer) if customer else _being_erased(spelled)


def was_erased(text: str) -> bool:
    """Whether this identifier is of somebody who was erased."""
    typed = text.strip()
    return bool(erased({typed, addresses.phone_key(addresses.phone(typed, _region()))} - {""}))


def hold_off() -> None:
    """An erasure waits for the transaction that calls this. For batches outside of the lanes: those of imports."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [drain.LOCK, OUTSIDE])


def _being_erased(spelled: set[str]) -> int | None:
    for erasure in Erasure.objects.filter(done_at=None):
        if spelled & set(erasure.person.get("identifiers", ())):
            return erasure.customer_id
    return None


def _region() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(country), '') FROM web_shop")
        return str(cursor.fetchone()[0])


def start(customer_id: int, by: str, *, keeps_numbers: bool = False) -> Erasure:
    """The row of this erasure: the one that is open, or a new one. Whoever asks for more than it did gets more."""
    today = resolve(customer_id)
    if today is not None and (erasure := Erasure.objects.filter(customer_id=today, done_at=None).first()):
        if erasure.keeps_numbers and not keeps_numbers:
            erasure.keeps_numbers, erasure.shut, erasure.by = False, [], by
            _keep(erasure)
        return erasure
    if today is None or Customer.objects.filter(pk=today, erased_at__isnull=False).exists():
        raise NobodyThere(f"There is no customer {customer_id} to erase.")
    now = timezone.now()
    return Erasure.objects.create(customer_id=today, by=by, begun_at=now, touched_at=now, keeps_numbers=keeps_numbers)


def _finish_together(erasures: Sequence[Erasure], tell: Tell, *, only_rows: bool = False) -> dict[int, Exception]:
    """All of one kind. Whatever keeps one of them from its end keeps no other. With `only_rows` the log is left for
    later, and so is the second look."""
    from karibu.consents import erasers

    later: dict[int, Exception] = {}
    people: dict[int, Person] = {}
    each = partial(_each, erasures, later)

    def first(erasure: Erasure) -> None:
        alone.enter_context(_alone(erasure))
        people[erasure.pk] = _themselves(erasure, tell)
        for eraser in reversed(_erasers):
            _take_out(eraser, people[erasure.pk], erasure, tell)

    def once_more(erasure: Erasure) -> None:
        for eraser in [erasers.from_customers, *reversed(_erasers)]:
            _take_out(eraser, people[erasure.pk], erasure, tell)

    def last(erasure: Erasure) -> None:
        if held := [why for hold in _holds if (why := hold(people[erasure.pk]))]:
            raise StillWaiting(" ".join(held))
        _close(erasure)

    with ExitStack() as alone:
        if not each(first) or only_rows:
            return later
        waiting.let_everybody_end()
        if there := each(once_more):
            try:
                _take_out_of_log(there, [people[erasure.pk] for erasure in there], tell)
            except StillWaiting as trouble:
                later |= {erasure.pk: trouble for erasure in there}
            except Exception:  # one of them: the others shall not wait for that
                each(lambda erasure: _take_out_of_log([erasure], [people[erasure.pk]], tell))
        each(last)
    return later


def _each(erasures: Sequence[Erasure], later: dict[int, Exception], step: Callable[[Erasure], None]) -> list[Erasure]:
    """This step of all that have come so far; returns who goes on, and notes in `later` what kept the others."""
    for erasure in erasures:
        if erasure.pk not in later:
            try:
                step(erasure)
            except Exception as trouble:
                later[erasure.pk] = trouble
    return [erasure for erasure in erasures if erasure.pk not in later]


@contextmanager
def _alone(erasure: Erasure) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, erasure.pk % 2**31])
        if not cursor.fetchone()[0]:
            raise UnderWay(f"Customer {erasure.customer_id} is being erased by another process.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, erasure.pk % 2**31])


def _themselves(erasure: Erasure, tell: Tell) -> Person:
    """The doors are closed and the customer's own rows are empty: from now on nobody writes about them."""
    from karibu.consents import erasers

    for _ in range(ROUNDS):
        tell("closing the doors")
        them = _close_doors(erasure)
        with suppress(erasers.Grown):  # somebody was merged into them just now: once more, with those
            _take_out(erasers.from_customers, them, erasure, tell)
            return them
    raise StillWaiting("New customers keep being merged into this one.")


def _close_doors(erasure: Erasure) -> Person:
    """Nothing that carries one of the person's identifiers takes effect any more, and nothing that did is under way."""
    for _ in range(ROUNDS):
        erasure.customer_id = resolve(erasure.customer_id) or erasure.customer_id
        them = _known(erasure)
        erasure.person = {"identifiers": them.identifiers, "names": them.names}
        with transaction.atomic():
            erasure.shut = [*erasure.shut, *sorted(block(them.identifiers, timezone.now()))]
            _keep(erasure)
        waiting.let_batches_end()
        if _known(erasure) == them:
            return them
    raise StillWaiting("New identifiers of this person keep coming in.")


def _known(erasure: Erasure) -> Person:
    return person.known(erasure.customer_id, **erasure.person, keeps_numbers=erasure.keeps_numbers)


def _take_out(eraser: Eraser, them: Person, erasure: Erasure, tell: Tell) -> None:
    tell(eraser.__name__.removeprefix("from_"))
    with transaction.atomic():
        _add(erasure, eraser(them, raw.cursor()))


def _add(erasure: Erasure, taken: dict[str, int]) -> None:
    for what, count in taken.items():
        erasure.counts[what] = erasure.counts.get(what, 0) + count
    _keep(erasure)


def _take_out_of_log(erasures: Sequence[Erasure], people: Sequence[Person], tell: Tell) -> None:
    """Once: into the log, everything comes by batches, and those have been waited for. Raises StillWaiting.

    Of several people together it is not counted whose events they were.
    """
    from karibu.consents import erasers
    from karibu.events import lake  # with libraries that a process at rest does not carry

    tell("log")
    try:
        with transaction.atomic():
            taken = erasers.from_log(people, raw.cursor())
            for erasure in erasures:
                _add(erasure, taken if len(erasures) == 1 else {})
    except lake.TROUBLES as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise StillWaiting(f"The event log's files cannot be rewritten: {why}.") from error


def _keep(erasure: Erasure) -> None:
    erasure.touched_at = timezone.now()
    erasure.save()


def _close(erasure: Erasure) -> None:
    """Done: what is remembered names nobody."""
    opened = erasure.shut if erasure.keeps_numbers else []
    erasure.person, erasure.shut, erasure.done_at = {}, [], timezone.now()
    verb = "anonymised customer" if erasure.keeps_numbers else "erased customer"
    with transaction.atomic():
        unblock(opened)
        _keep(erasure)
        record(erasure.by, verb, f"customer {erasure.customer_id}", **erasure.counts)
