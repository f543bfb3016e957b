"""Questions about customers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from karibu.customers import addresses, search
from karibu.customers.models import LISTED, Customer, Identity

# Of five million customers, walking a list's order meets a page of 10,000 in about the time it takes to sort them.
FEW = 10_000
# A word that a page of those who spent most have is common: the list in that order meets a page of them soon.
SPENT_MOST, A_PAGE = 3_000, 51


def resolve(customer_id: int) -> int | None:
    """Whom this id is today: itself, or the winner it was merged into; None when there never was such an id."""
    row = Customer.objects.filter(pk=customer_id).values_list("merged_into", flat=True)
    return next((merged_into or customer_id for merged_into in row), None)


def family(customer_id: int) -> list[int]:
    """The customer's own id and those of all that were merged into it: what to ask the event log for."""
    found = Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id))
    return list(found.order_by("pk").values_list("pk", flat=True))


def listed() -> QuerySet[Customer]:
    """Everybody who is somebody today: neither part of another nor erased."""
    return Customer.objects.filter(LISTED)


@contextmanager
def on_two_cores() -> Iterator[None]:
    """Statements in it may be given a second process of the database: whom a common word finds stand in two thirds of
    the table's pages, which one takes 440 ms to pass over at five million customers, and two take 340.

    What it costs to start one is made small because PostgreSQL takes reading pages, which is most of it, for as slow
    in two as in one. Not for walking an order until there is a page: two walk on beyond it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 1; SET LOCAL parallel_setup_cost = 100")
        yield


@dataclass(frozen=True)
class Found:
    """Whom a typed text finds: their ids, or the first of them where they are more than `few` (or FEW).

    `asked` are the words to look for; "" where an identifier named them. Whom a common word finds is not looked up.
    `share` is what part of those who spent most it finds; 0 of a word that is not common.
    """

    asked: str
    ids: list[int]
    share: float = 0.0
    few: int | None = None

    @property
    def is_common(self) -> bool:
        return self.share > 0

    @property
    def are_few(self) -> bool:
        return not self.is_common and len(self.ids) <= (self.few or FEW)

    @property
    def bound(self) -> int:
        """More than so many are found, where they are not few."""
        return A_PAGE - 1 if self.is_common else FEW

    def among(self, rows: QuerySet[Customer]) -> QuerySet[Customer]:
        """Those of `rows` who are found. Few are sorted; of more, the list's own order meets a page of them sooner."""
        if self.are_few:
            return rows.filter(pk__one_of=self.ids)
        return rows.filter(search__asked=self.asked)


def find(text: str) -> Found:
    """Those found by what someone typed: a name, e-mail, phone, external id, browser id or any old customer id."""
    if exact := _exactly(text):
        return Found("", sorted(exact))
    asked = search.query(text)
    if asked and (share := _share(asked)):
        return Found(asked, [], share)
    return Found(asked, _ids(asked) if asked else [])


def matching(rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Those of `rows` whom the text finds."""
    return find(text).among(rows)


def _share(asked: str) -> float:
    """Asked first, because the index reads every word and address that begins like it, whoever is wanted of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH best AS MATERIALIZED (SELECT search, row_number() OVER () AS place FROM (SELECT search FROM"
            " customers_customer WHERE merged_into IS NULL AND erased_at IS NULL ORDER BY spent DESC, id DESC"
            " LIMIT %s) AS ordered) SELECT count(*), max(place) FROM"
            " (SELECT place FROM best WHERE search @@ %s::tsquery LIMIT %s) AS found",
            [SPENT_MOST, asked, A_PAGE],
        )
        found, looked_at = cursor.fetchone()
        return found / looked_at if found >= A_PAGE else 0.0


def _ids(asked: str) -> list[int]:
    """Of those who are somebody today, the first; one more than FEW where there are more.

    Asked apart, because for rare words the planner prefers to walk a million customers in the order of the list
    until it has a page of them. MATERIALIZED keeps it from doing the same here.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH found AS MATERIALIZED (SELECT id FROM customers_customer WHERE search @@ %s::tsquery"
            " AND merged_into IS NULL AND erased_at IS NULL) SELECT id FROM found LIMIT %s",
            [asked, FEW + 1],
        )
        return [row[0] for row in cursor.fetchall()]


def _exactly(text: str) -> set[int]:
    """Customers that an identifier names whole: these come alone, however many names begin like it."""
    typed = text.strip().replace("\0", "")
    values = {typed, addresses.email(typed), addresses.phone_key(addresses.phone(typed))} - {""}
    # Every kind is named because the index begins with it.
    found = set(
        Identity.objects.filter(kind__in=Identity.Kind.values, value__in=values).values_list("customer_id", flat=True)
    )
    if typed.isascii() and typed.isdigit() and len(typed) < 19 and (known := resolve(int(typed))):
        found.add(known)
    return found


def labels(customer_ids: Iterable[int]) -> dict[int, str]:
    """What each of these customers is called today, in one query. Those that never were are left out."""
    ids = list(set(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, coalesce(nullif(w.name, ''), nullif(w.email, ''), nullif(w.phone, ''), '')"
            " FROM customers_customer c JOIN customers_customer w ON w.id = coalesce(c.merged_into, c.id)"
            " WHERE c.id = ANY(%s)",
            [ids],
        )
        return {found: label for found, label in cursor.fetchall()}
