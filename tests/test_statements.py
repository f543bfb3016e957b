"""How many statements every page asks of PostgreSQL: a committed baseline, no more for more data."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from karibu.web.models import User
from tests.pages import BASELINE, WITHOUT_END, Page, is_page, listed, path_of
from tests.permissions import addresses
from tests.world import fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lake")]
# What the people of the sample shop did depends on the hour at which its year ends, whom a holdout takes on their ids:
# both are always the same here.
A_MORNING = datetime(2026, 11, 24, 10, tzinfo=UTC)
HOW = "KARIBU_TEST_UPDATE=1 script/test tests/test_statements.py"


def pages() -> list[Page]:
    """What each page asks when it is asked for the second time: what the process keeps has been read."""
    owner = User.objects.create_user("owner@example.test", name="Amina Uwase", role="owner")
    colleague, stranger, found = Client(), Client(), []
    colleague.force_login(owner)
    for address in addresses():
        if address.methods or any(word in address.route for word in WITHOUT_END):
            continue
        client, path = (stranger if address.who == "everyone" else colleague), path_of(address, owner)
        if is_page(client, path):
            with CaptureQueriesContext(connection) as asked:
                client.get(path)
            found.append(Page(address.route, len(asked)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("people", "troubles"), [(10, 2), (30, 8)], ids=["little", "more"])
def test_no_page_asks_more_than_the_baseline_says_and_no_more_for_more_data(
    tmp_path: Path, people: int, troubles: int
) -> None:
    number_from(people * 1_000_000)
    with time_machine.travel(A_MORNING):
        fill(tmp_path, people, troubles)
        now = {page.route: page.statements for page in pages()}
    if os.environ.get("KARIBU_TEST_UPDATE"):
        _write(now, others=listed() if troubles > 2 else {})
    before = listed()
    assert sorted(now) == sorted(before), f"there are other pages than the baseline lists: {HOW}"
    more = {route: f"{before[route]}, now {asked}" for route, asked in now.items() if asked > before[route]}
    assert not more, f"pages ask for more than the baseline says; if they should: {HOW}"


def number_from(first: int) -> None:
    """The next row of each table gets this id: always the same, and one that this process remembers nothing of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(c.oid::regclass, %s) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'S' AND n.nspname = 'public'",
            [first],
        )


def _write(now: dict[str, int], others: dict[str, int]) -> None:
    """The most of the two runs: a list that does not fill its page asks once more, for rows without a value."""
    most = (Page(route, max(asked, others.get(route, 0))) for route, asked in now.items())
    BASELINE.write_text("".join(f"{page}\n" for page in most))
