from django.test import Client

from karibu.web.models import User


def test_strangers_are_sent_to_sign_in_and_back(client: Client, db: None) -> None:
    answer = client.get("/search/?q=a")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=%2Fsearch%2F%3Fq%3Da")


def test_a_page_has_its_title_as_heading_and_the_policy_that_runs_only_our_files(owner: User, client: Client) -> None:
    answer = client.get("/search/?q=nobody")
    text = answer.content.decode()
    assert "<h1>Search</h1>" in text and "<title>Search · My shop</title>" in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; img-src")


def test_htmx_gets_the_part_alone(owner: User, client: Client) -> None:
    text = client.get("/search/?q=nobody", headers={"HX-Request": "true"}).content.decode()
    assert "Nothing found for “nobody”" in text and "<html" not in text


def test_health_and_readiness_are_public(client: Client, db: None) -> None:
    assert client.get("/healthz").json() == {"status": "up"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_page_that_is_not_there_says_so(owner: User, client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


def test_nobody_is_shown_a_way_that_ends_in_a_refusal(agent: User, client: Client, owner: User) -> None:
    ways = ("/growth/forms/", "/imports/", "/imports/new/?kind=orders", "/messages/templates/")
    pages = ("/orders/", "/products/", "/messages/", "/coupons/")
    seen = "".join(client.get(page).content.decode() for page in pages)
    assert all(f'href="{way}"' in seen for way in ways)
    client.force_login(agent)
    seen = "".join(client.get(page).content.decode() for page in pages)
    assert not any(f'href="{way}"' in seen for way in ways)
