"""Who a definition means: members, their number, some of them, and how the engine finds them.

Definitions are run as they are: resolve() puts other segments into their places first. An answer is of one moment,
`now`: nothing that happens later counts, and windows end there. A naive `now` is refused.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings
from django.utils import timezone

from karibu.segments import columns, compile, engines, together
from karibu.segments.compile import Compiled, Ground
from karibu.segments.definition import Definition
from karibu.segments.engines import Asked, Cancelled, Engine, Session
from karibu.segments.models import Segment
from karibu.web.queries import timezone as timezone_of_the_shop
from karibu.web.viewer import zone

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
LONGEST = 60.0  # seconds that a preview may take of what others share: of this machine, not of a cluster
__all__ = [
    "Cancelled",
    "Explained",
    "TooLarge",
    "TooLong",
    "cancelling",
    "count",
    "explain",
    "members",
    "members_of_each",
    "resolve",
    "sample",
]


class TooLong(Cancelled):
    """The question was withdrawn because it took longer than LONGEST."""


class TooLarge(Exception):
    """The question needs more memory than the engine may take."""


@dataclass(frozen=True)
class Explained:
    """`took` is how long the engine needed to count, in seconds, after it had the files and whom it asked for apart."""

    sentence: str
    sql: str
    plan: str
    engine: str
    size: int
    took: float


def members(definition: Definition, *, now: datetime | None = None, among: Collection[int] | None = None) -> pa.Table:
    """One column, `id`, ascending. With `among`, only those of these customers, by the same SQL over their data."""
    return members_of_each([definition], now=now, among=among)[0]


def members_of_each(
    definitions: Sequence[Definition], *, now: datetime | None = None, among: Collection[int] | None = None
) -> list[pa.Table]:
    """The members of each definition, as of the same moment; what is read of the log `among` a few is read once."""
    if among is None or len(definitions) == 1:
        return ask(definitions, now, among, lambda to, found: [_ascending(to, each) for each in found])
    import pyarrow.compute as pc

    pairs = ask(definitions, now, among, lambda to, found: together.members(to, dict(enumerate(found))))
    found = [pairs.filter(pc.equal(pairs["segment_id"], n)).select(["customer_id"]) for n in range(len(definitions))]
    return [each.rename_columns(["id"]).sort_by("id") for each in found]


def count(definition: Definition, *, now: datetime | None = None, among: Collection[int] | None = None) -> int:
    return ask([definition], now, among, lambda session, found: _counted(session, found[0]))


def sample(definition: Definition, n: int, *, now: datetime | None = None) -> list[int]:
    """`n` members (or as many as there are), spread over them, the same ones as long as nothing changes."""
    return ask([definition], now, None, lambda session, found: _sampled(session, found[0], n))


def count_and_sample(definition: Definition, n: int, *, now: datetime | None = None) -> tuple[int, list[int]]:
    """Both by one look at the data."""

    def look(session: Session, found: Sequence[Compiled]) -> tuple[int, list[int]]:
        sql = f"SELECT count(*) OVER () AS size, id FROM ({found[0].sql}) AS members {_spread(n)}"  # noqa: S608
        ids = session.table(sql)
        return (ids["size"][0].as_py() if len(ids) else 0), sorted(ids["id"].to_pylist())

    return ask([definition], now, None, look)


def explain(definition: Definition, *, now: datetime | None = None) -> Explained:
    """The SQL, the engine's plan for it, and what it costs."""

    def look(session: Session, found: Sequence[Compiled]) -> Explained:
        begun = time.perf_counter()
        size = _counted(session, found[0])
        took = time.perf_counter() - begun
        plan = session.plan(found[0].sql)
        return Explained(definition.sentence(), found[0].statements, plan, str(settings.KARIBU_ENGINE), size, took)

    return ask([definition], now, None, look)


def resolve(definition: Definition) -> Definition:
    """With the definitions of the segments that it names. Archived ones are gone. Raises DefinitionError (cycles)."""
    return definition.resolved(_living)


def _living(number: int) -> Mapping[str, object] | None:
    rows = Segment.objects.filter(pk=number, archived_at=None).values_list("definition", flat=True)
    return next(iter(rows), None)


def _counted(session: Session, found: Compiled) -> int:
    return int(session.table(f"SELECT count(*) AS size FROM ({found.sql}) AS members")["size"][0].as_py())  # noqa: S608


def _sampled(session: Session, found: Compiled, n: int) -> list[int]:
    return sorted(session.table(f"SELECT id FROM ({found.sql}) AS members {_spread(n)}")["id"].to_pylist())  # noqa: S608


def _ascending(session: Session, found: Compiled) -> pa.Table:
    """Their ids in order. The customers' files are in it; what is joined with the log or changed since is not."""
    import pyarrow.compute as pc

    sql = f"SELECT id FROM ({found.sql}) AS members"  # noqa: S608
    if found.events:
        return session.table(f"{sql} ORDER BY id")
    table = session.table(sql)
    ids = table["id"].combine_chunks()
    return table if pc.all(pc.less(ids[:-1], ids[1:]), min_count=0).as_py() else table.sort_by("id")


def _spread(n: int) -> str:
    """The same multiplication in every engine, none of which makes neighbours of neighbours."""
    return f"ORDER BY id * 7919 % 10007, id LIMIT {int(n)}"


def ask(
    definitions: Sequence[Definition],
    now: datetime | None,
    among: Collection[int] | None,
    look: Callable[[Session, Sequence[Compiled]], T],
    events: frozenset[str] = frozenset(),
) -> T:
    """What `look` makes of the compiled definitions; `events` are columns of the log that it reads beside them."""
    now = now or timezone.now()
    if now.tzinfo is None:
        raise ValueError("now must say its zone")
    engine = engines.chosen() if among is None else engines.embedded()
    of_a_few = among is not None and len(definitions) > 1
    found = _compiled(definitions, engine, now, of_a_few=of_a_few)
    marked = {one.marks.name: one.marks for one in found if one.marks}
    known, logged = _union(f.customers for f in found), _union(f.events for f in found) | events
    asked = Asked(now, known, logged, among, _names(definitions))
    ticket = _ticket.get()

    def work(session: Session) -> T:
        with ticket.held(session) if ticket else nullcontext():
            for marks in marked.values():
                session.keep(marks.name, marks.statements)
            return look(session, found)

    return engine.ask(asked, work)


def understand(definitions: Sequence[Definition], now: datetime) -> None:
    """Compiles them as they are asked together of a few, so that whoever asks next need not wait for it."""
    _compiled(definitions, engines.embedded(), now, of_a_few=True)


def _compiled(
    definitions: Sequence[Definition], engine: Engine, now: datetime, *, of_a_few: bool = False
) -> list[Compiled]:
    here = zone(timezone_of_the_shop())
    places = columns.places(_union(definition.needs.columns for definition in definitions))
    known = columns.standing() | {column: "string" for column in places.values() if column not in columns.FIXED}
    ground = Ground(known, here, now.astimezone(here).date())
    return [compile.sql(one, engine.DIALECT, ground, _traits(one, places), of_a_few=of_a_few) for one in definitions]


def _traits(definition: Definition, places: Mapping[str, str]) -> dict[str, str]:
    """Where the traits stand that it asks for."""
    return {trait: places[trait] for trait in definition.needs.columns if trait in places}


def _names(definitions: Sequence[Definition]) -> frozenset[str] | None:
    needed = [definition.needs.events for definition in definitions]
    return None if None in needed else _union(names for names in needed if names)


def _union(parts: Iterator[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*parts)


class _Ticket:
    """The right to be answered under a key, as long as nobody else takes it."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._withdrawn = False
        self.is_late = False

    def expire(self) -> None:
        self.is_late = True
        self.withdraw()

    def withdraw(self) -> None:
        with self._lock:
            self._withdrawn = True
            if self._session is not None:
                self._session.cancel()

    @contextmanager
    def held(self, session: Session) -> Iterator[None]:
        with self._lock:
            if self._withdrawn:
                raise Cancelled
            self._session = session
        try:
            yield
        finally:
            with self._lock:
                self._session = None


_ticket: ContextVar[_Ticket | None] = ContextVar("ticket", default=None)
_tickets: dict[str, _Ticket] = {}
_taking = threading.Lock()


@contextmanager
def cancelling(key: str, turn: int = 0) -> Iterator[None]:
    """What is asked inside ends the question that this process is still answering under the same key.

    That one raises Cancelled; one that takes longer than LONGEST raises TooLong. A key is one person's one preview, for
    instance. `turn` counts up where the questions are asked: one that was overtaken on its way here raises Cancelled
    itself. 0: nobody counts. Whatever needs more memory than there is raises TooLarge.
    """
    import duckdb

    mine = _Ticket(turn)
    with _taking:
        before = _tickets.get(key)
        if before is not None and turn and turn < before.turn:
            raise Cancelled
        _tickets[key] = mine
    if before is not None:
        before.withdraw()
    token, timer = _ticket.set(mine), threading.Timer(LONGEST, mine.expire)
    timer.daemon = True
    if engines.chosen() is engines.embedded():  # a cluster is asked what takes longer, and its time is nobody else's
        timer.start()
    try:
        yield
    except Cancelled:
        if mine.is_late:
            raise TooLong from None
        raise
    except duckdb.OutOfMemoryException:
        raise TooLarge from None
    finally:
        timer.cancel()
        _ticket.reset(token)
        with _taking:
            if _tickets.get(key) is mine:
                del _tickets[key]
