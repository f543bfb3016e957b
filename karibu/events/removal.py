"""How events, or what they say of people, leave the log for good: tail, lake and counts. (erase.py says whose.)

It runs inside the caller's transaction; the files that held the events are deleted once that commits.
Rewriting is by file, so many people at once cost hardly more than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from karibu.events import blank, compact, counts, erase, flush, lake, rewrite, schema, snapshot, tail
from karibu.events.erase import Mention
from karibu.events.models import TailBlock
from karibu.events.snapshot import Snapshot

TEXTS = ("properties", "traits", "context", "url", "referrer", "query")  # where an event may speak of somebody
Cursor = psycopg.Cursor[tuple[object, ...]]


@dataclass(frozen=True)
class Target:
    """What is to go: the events with one of `values` in `column`, which is "customer" or "import_id".

    And those in whose texts one of `mentioned` is found. With `names` (regular expressions) they are not to go but to
    become nobody's (blank.py): only where what would stay still matches one of these, the event goes whole.
    """

    column: str
    values: Sequence[int]
    mentioned: Sequence[Mention] = ()
    names: Sequence[str] | None = None

    @property
    def condition(self) -> str:
        said = [f"coalesce({self.column} IN (SELECT value FROM given), false)"]  # noqa: S608
        said += [_speaks(text, one) for one in self.mentioned for text in TEXTS]
        return f"({' OR '.join(said)})"

    @property
    def source(self) -> str:
        """SQL: the events, with `touched` for those that are the target: the condition is long, and asked once."""
        return f"(SELECT *, {self.condition} AS touched FROM events)"  # noqa: S608

    @property
    def gone(self) -> str:
        """SQL: which of them leave the log."""
        if self.names is None:
            return "touched"
        speaks = " OR ".join(blank.speaks(_quoted(name)) for name in self.names)
        return f"(touched AND ({speaks}))" if speaks else "false"

    @property
    def select(self) -> dict[str, str]:
        return {} if self.names is None else blank.select("touched")

    @property
    def given(self) -> pa.Table:
        return pa.table({"value": pa.array(self.values, pa.int64())})

    def may_be_in(self, file: lake.DataFile) -> bool:
        if self.mentioned:
            return True
        least, most = (file.customers if self.column == "customer" else file.imports) or (1, 0)
        return any(least <= value <= most for value in self.values)

    def within(self, events: pa.Table) -> pa.ChunkedArray:
        found = pc.is_in(events[self.column], pa.array(self.values, pa.int64()))
        for one, text in product(self.mentioned, TEXTS):
            named = pc.match_substring_regex(events[text], one.pattern, ignore_case=True)
            found = pc.or_(found, pc.fill_null(named, False))
        return found


def _speaks(text: str, mention: Mention) -> str:
    """SQL: whether the column `text` speaks of them. The regular expression is asked about few of the texts."""
    hints = [f"contains(lower({text}), {_quoted(word)})" for word in mention.words]
    hints += [f"contains({text}, {_quoted(escape)})" for escape in ("%", "\\u00", "&#", "&nbsp;")]
    hints += [f"regexp_matches({text}, {_quoted(mention.rough)})"] if mention.rough else []
    found = f"regexp_matches({text}, {_quoted(mention.pattern)}, 'i')"
    return f"coalesce(CASE WHEN {' OR '.join(hints)} THEN {found} ELSE false END, false)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def remove(target: Target, cursor: Cursor) -> int:
    """Removes (or blanks) the target in tail, lake and counts; returns how many events that were. See erase.py."""
    if not connection.in_atomic_block:
        raise RuntimeError("events are removed inside a transaction")
    if not target.values and not target.mentioned:
        return 0
    with lake.lock(lake.REWRITE):
        # The long part first: files that are there now. What is flushed meanwhile comes under the second lock.
        replaced = _rewritten(target, {})
        with lake.lock(lake.WRITE):
            flush.finish_interrupted()
            replaced = _rewritten(target, replaced)
            blocks = _blocks(target)
            held = Snapshot(-1, list(replaced), tail.concatenated([tail.decode(block.ipc) for block in blocks]))
            removed = _counted(target, target.gone, held)
            touched = removed if target.gone == "touched" else _counted(target, "touched", held)
            others = _others(target, held)
            if replaced:
                added = [file for files in replaced.values() for file in files]
                lake.confirm(lake.commit(lake.opened(), added, list(replaced)))
            for block in blocks:
                _without(target, block)
    counts.take_out(cursor, removed)
    erase.tell(cursor, others)
    transaction.on_commit(_sweep)
    return sum(number for _, number in touched)


def _rewritten(
    target: Target, replaced: dict[lake.DataFile, list[lake.DataFile]]
) -> dict[lake.DataFile, list[lake.DataFile]]:
    """`replaced` and, rewritten without the target, the other files that hold some of it."""
    if not lake.exists():
        return replaced
    done = dict(replaced)
    for file in lake.files(lake.opened()):
        if file not in done and target.may_be_in(file) and _counted(target, "touched", _only(file)):
            kind = rewrite.BY_CUSTOMER if file.is_clustered else rewrite.BY_TIME
            change = rewrite.Change(target.given, target.source, target.gone, target.select)
            done[file] = rewrite.rewritten([file], kind, change)
    return done


def _only(file: lake.DataFile) -> Snapshot:
    return Snapshot(-1, [file], schema.schema().empty_table())


def _counted(target: Target, condition: str, held: Snapshot) -> list[tuple[counts.Key, int]]:
    """How many events of the target there are, by hour, source, channel and name."""
    found = _asked(
        target,
        held,
        f"""SELECT epoch(date_trunc('hour', time)) AS hour, coalesce(source, '') AS source,
                   coalesce(channel, '') AS channel, name, count(*) AS count
            FROM {target.source} WHERE {condition} GROUP BY ALL""",  # noqa: S608
    ).to_pydict()
    return [
        ((datetime.fromtimestamp(hour, UTC), source, channel, name), number)
        for hour, source, channel, name, number in zip(*found.values(), strict=True)
    ]


def _others(target: Target, held: Snapshot) -> list[int]:
    """The customers, beside those that are the target, whose events these are."""
    if target.column == "customer" and not target.mentioned:
        return []
    sql = f"SELECT DISTINCT customer FROM {target.source} WHERE touched AND customer IS NOT NULL ORDER BY 1"  # noqa: S608
    found: list[int] = _asked(target, held, sql)["customer"].to_pylist()
    own = set(target.values if target.column == "customer" else ())
    return [customer for customer in found if customer not in own]


def _asked(target: Target, held: Snapshot, sql: str) -> pa.Table:
    with rewrite.instance() as cursor:
        cursor.register("given", target.given)
        held.attach(cursor)
        return cursor.sql(sql).to_arrow_table()


def _blocks(target: Target) -> list[TailBlock]:
    blocks = TailBlock.objects.select_for_update().order_by("id")
    if target.column == "customer" and not target.mentioned:
        blocks = blocks.filter(customers__overlap=list(target.values))
    return [block for block in blocks if pc.any(target.within(tail.decode(block.ipc))).as_py()]


def _without(target: Target, block: TailBlock) -> None:
    """Puts a new block in the place of this one; it keeps its flush, so that an interrupted one still finds it."""
    kept = _kept(target, tail.decode(block.ipc))
    if len(kept):
        TailBlock.objects.create(
            flush=block.flush,
            first_time=pc.min(kept["time"]).as_py(),
            last_time=pc.max(kept["time"]).as_py(),
            rows=len(kept),
            step=block.step,
            customers=sorted(set(kept["customer"].drop_null().to_pylist())),
            ipc=tail.encode(kept.combine_chunks().to_batches()[0]),
        )
    block.delete()


def _kept(target: Target, events: pa.Table) -> pa.Table:
    if target.names is None:
        return events.filter(pc.invert(pc.fill_null(target.within(events), False)))
    with rewrite.instance() as cursor:
        cursor.register("given", target.given)
        cursor.register("events", events)
        columns = ", ".join(target.select.values())
        sql = f"SELECT {columns} FROM {target.source} WHERE NOT coalesce({target.gone}, false)"  # noqa: S608
        return cursor.sql(sql).to_arrow_table().cast(schema.schema())


def _sweep() -> None:
    """Leaves no file and no dead row behind that still holds what was removed."""
    snapshot.forget()
    with lake.lock(lake.REWRITE):
        compact.tidy_up(grace=0)
        with lake.lock(lake.WRITE):
            if lake.exists():
                lake.forget_versions(lake.opened())
    if not connection.in_atomic_block:  # VACUUM cannot run in a transaction; autovacuum will
        with connection.cursor() as cursor:
            cursor.execute("VACUUM events_tailblock")
