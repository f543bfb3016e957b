"""How many statements each page asks of PostgreSQL: a baseline, the same for little and for much data."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from karibu.customers.models import Customer
from karibu.web.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]

# Path: the most statements it may ask. The customer's page has room for the panels and rows of the apps above.
BASELINE = {
    "/customers/": 9,
    "/customers/?q=amina": 12,
    "/customers/?format=csv": 6,
    "/customers/{id}/": 27,
    "/customers/{id}/timeline/?kind=cart": 6,
    "/customers/{id}/merge/?q=ben": 9,
    "/customers/suggestions/": 6,
}


def statements(client: Client, path: str) -> list[str]:
    """What the page asks, when what is read once for the whole process has been read."""
    amina = Customer.objects.get(name="Amina")
    headers = {"HX-Request": "true"} if "timeline" in path else {}
    client.get(path.format(id=amina.pk), headers=headers)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path.format(id=amina.pk), headers=headers)
        if answer.streaming:
            list(answer.streaming_content)
    assert answer.status_code == 200
    return [query["sql"][:150] for query in asked.captured_queries]


@pytest.mark.parametrize("path", BASELINE)
def test_a_page_asks_no_more_than_the_baseline_and_no_more_for_more_data(client: Client, send, path: str) -> None:
    client.force_login(User.objects.create_user("owner@example.test"))
    counts = []
    for many in (range(2), range(2, 20)):
        send(
            *({"type": "page", "anonymousId": f"browser {n}"} for n in many),
            *(
                {
                    "type": "identify",
                    "anonymousId": f"browser {n}",
                    "userId": f"user {n}",
                    "traits": {"email": "b@example.com"},
                }
                for n in many
            ),
            *({"type": "identify", "userId": "amina", "traits": {"name": "Amina", f"trait {n}": n}} for n in many),
        )
        asked = statements(client, path)
        assert len(asked) <= BASELINE[path], "\n".join(asked)
        counts.append(len(asked))
    assert counts[0] == counts[1]
