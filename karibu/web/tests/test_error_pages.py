from django.http import HttpRequest
from django.test import Client, RequestFactory

from karibu.web.models import User
from karibu.web.views import errors


def test_a_page_for_another_role_says_what_to_do(agent: User, client: Client) -> None:
    client.force_login(agent)
    answer = client.get("/settings/tokens/")
    assert answer.status_code == 403
    assert "An owner of the shop can change your role" in answer.content.decode()


def test_a_form_that_was_open_too_long_says_that_nothing_was_changed(owner: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    answer = strict.post("/settings/tokens/", {"name": "till", "role": "owner"})
    assert answer.status_code == 403
    assert "Nothing was changed. Reload and try again." in answer.content.decode()


def test_a_failure_while_the_database_is_away_is_still_a_page(monkeypatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(errors, "render", fails)
    answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "What you changed before is kept" in answer.content.decode()


def test_the_api_gets_its_errors_as_problem_documents_even_from_django() -> None:
    request: HttpRequest = RequestFactory().get("/api/v1/x")
    answer = errors.server_error(request)
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: Client, db: None) -> None:
    answer = client.get("/search/?q=a", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/sign-in/")
