"""GET and HEAD change nothing, at any address, for whoever asks (PAINS 28)."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from karibu.web.models import User
from tests.pages import WITHOUT_END, path_of
from tests.permissions import addresses
from tests.world import fill

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
# A session is the visitor's own state; a visit is noted where a mail's link leads through us; a day's count is kept.
MAY_BE_WRITTEN = {"django_session", "messages_visit", "insights_visitorday"}


def written() -> dict[str, int]:
    """Rows that this transaction has written, by table; raw cursors and triggers count too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return {name: rows for name, rows in cursor.fetchall() if name not in MAY_BE_WRITTEN}


@pytest.mark.slow
def test_no_address_writes_a_row_when_it_is_read(client: Client, tmp_path: Path) -> None:
    fill(tmp_path)
    owner = User.objects.create_user("owner@example.test", role="owner")
    client.force_login(owner)
    shown = 0
    for address in addresses():
        if any(word in address.route for word in WITHOUT_END) or "GET" not in (address.methods or ("GET",)):
            continue
        path = path_of(address, owner)
        for method in ("GET", "HEAD"):
            before = written()
            answer = client.generic(method, path)
            if answer.streaming:
                b"".join(answer)
            assert answer.status_code < 500 and answer.status_code not in (404, 410), f"{path}: {answer.status_code}"
            assert written() == before, f"{method} {path} writes"
            shown += answer.status_code == 200
    assert shown > 100  # most are real pages; the others are actions, which refuse
