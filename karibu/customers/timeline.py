"""The one timeline of a customer: every app adds its own kinds of rows.

A provider is `provider(customer_ids, before, limit) -> list[Entry]`: the newest `limit` of its entries that
are strictly older than `before` (None: from now), newest first, for a family of ids (queries.family). One that
looks the further back the longer it takes is registered as `far`: it also takes `since`, before which it need not look.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import islice

from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Entry:
    """One row: a sentence (safe HTML made with format_html) with its evidence behind a click.

    `kind` is what the filter shows: "visits", "orders", "messages", "consents", "changes", ...
    `evidence` are (name, value) pairs in the order in which they are shown. `url` is where it leads to.
    """

    at: datetime
    kind: str
    sentence: SafeString | str
    evidence: Sequence[tuple[str, str]] = field(default_factory=tuple)
    icon: str = "events"
    url: str = ""


AT_ONCE = 10_000  # entries of one instant that a page shows at the most
Provider = Callable[..., list[Entry]]
_providers: list[tuple[Provider, tuple[str, ...]]] = []
_far: list[Provider] = []


def register(provider: Provider, kinds: Iterable[str] = (), *, far: bool = False) -> None:
    """Adds a provider. `kinds` are those it can return: a filter on another kind does not ask it. Once each."""
    if all(known is not provider for known, _ in _providers):
        _providers.append((provider, tuple(kinds)))
        _far.extend([provider] * far)


def kinds() -> list[str]:
    """Every kind that a registered provider has announced, in order of registration."""
    return list(dict.fromkeys(kind for _, announced in _providers for kind in announced))


def read(
    customer_ids: list[int],
    before: datetime | None = None,
    limit: int = 50,
    kind: str = "",
    since: datetime | None = None,
) -> list[Entry]:
    """The newest `limit` entries of all providers (of one kind), since ≤ at < before, newest first."""
    asked = [provider for provider, announced in _providers if not kind or not announced or kind in announced]
    bounded = [partial(one, since=since) if since and one in _far else one for one in asked]
    lists = [_of_kind(provider, customer_ids, before, limit, kind) for provider in bounded]
    found = islice(merge(*lists, key=lambda entry: entry.at, reverse=True), limit)
    return [entry for entry in found if since is None or entry.at >= since]


def page(
    customer_ids: list[int],
    before: datetime | None = None,
    limit: int = 50,
    kind: str = "",
    since: datetime | None = None,
) -> tuple[list[Entry], datetime | None]:
    """The newest `limit` entries older than `before`, and the next page's `before` (None: that was all).

    With `since` the page ends there, even if it is not full, unless there is nothing else on it.
    Entries of one instant are never torn apart, as the next page starts strictly before this one's end: where more
    than `limit` happened at once (a file with days but no times), the page is longer.
    """
    found = read(customer_ids, before, limit + 1, kind, since)
    if since and not found:
        return page(customer_ids, before, limit, kind)
    if len(found) <= limit:
        return found, since
    shown = [entry for entry in found if entry.at > found[limit].at]
    shown = shown or _of_instant(found[limit].at, customer_ids, limit * 4, kind)
    return shown, shown[-1].at


def _of_instant(instant: datetime, ids: list[int], limit: int, kind: str) -> list[Entry]:
    """Everything that happened in this microsecond; AT_ONCE entries or a little more at the most."""
    found = read(ids, instant + timedelta(microseconds=1), limit, kind, since=instant)
    if len(found) < limit or limit >= AT_ONCE:
        return found
    return _of_instant(instant, ids, limit * 4, kind)


def _of_kind(provider: Provider, ids: list[int], before: datetime | None, limit: int, kind: str) -> list[Entry]:
    """A provider of several kinds is asked again, further back, until it has filled the limit or is exhausted."""
    if not kind:
        return provider(ids, before, limit)
    found: list[Entry] = []
    for _ in range(20):
        page = provider(ids, before, limit)
        found += [entry for entry in page if entry.kind == kind]
        if len(page) < limit or len(found) >= limit:
            break
        before = page[-1].at
    return found[:limit]
