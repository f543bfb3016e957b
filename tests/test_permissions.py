"""Who may open what, mechanically: every address is listed in permissions.txt, and the server keeps to the list."""

import difflib
import os

import pytest
from django.test import Client

from karibu.web import setting
from karibu.web.models import User
from tests.permissions import BASELINE, ROLES, Address, addresses

pytestmark = pytest.mark.django_db
HOW = "who may open what has changed; if it should: KARIBU_TEST_UPDATE=1 script/test tests/test_permissions.py"
REFUSED = (403, 405, 422)  # an API call looks at the shape of what it is given before it looks at the role
STREAMS = ("stream", "events")  # an answer without end is not read here


def test_every_address_is_listed_with_who_may_open_it() -> None:
    now = "".join(f"{address}\n" for address in addresses())
    if os.environ.get("KARIBU_TEST_UPDATE"):
        BASELINE.write_text(now)
    listed = BASELINE.read_text()
    change = "\n".join(difflib.unified_diff(listed.splitlines(), now.splitlines(), "listed", "now", lineterm="", n=0))
    assert listed == now, (
        f"who may open what has changed; if it should: KARIBU_TEST_UPDATE=1 script/test {__file__}\n{change}"
    )


def test_strangers_get_in_nowhere_but_where_everyone_may(client: Client) -> None:
    for address in addresses():
        for method in address.methods or ("GET", "POST"):
            status = _ask(client, method, address)
            # /metrics is everyone's, but with a token of its own.
            if address.who != "everyone":
                assert status == (401 if address.methods else 302), f"{method} {address}: {status}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_exactly_where_it_is_not_listed(client: Client, role: str) -> None:
    client.force_login(User.objects.create_user(f"{role}@example.test", role=role))
    for address in addresses():
        if address.who == "everyone" or any(word in address.route for word in STREAMS):
            continue
        if address.may(role):
            # Only reading: what a permitted POST does is the business of its own tests.
            if "GET" in (address.methods or ("GET",)):
                assert _ask(client, "GET", address) != 403, address
        else:
            for method in address.methods or ("GET", "POST"):
                assert _ask(client, method, address) in REFUSED, f"{method} {address}"


@pytest.mark.parametrize("role", ROLES)
def test_the_settings_page_offers_a_role_exactly_what_it_may_open(client: Client, role: str) -> None:
    client.force_login(User.objects.create_user(f"{role}@example.test", role=role))
    offered = {one.url for one in setting.open_to(role)}
    for one in setting.open_to("owner"):
        assert (client.get(one.url).status_code == 200) == (one.url in offered), one.url


def _ask(client: Client, method: str, address: Address) -> int:
    return client.generic(method, address.path()).status_code
