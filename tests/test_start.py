import pytest
from django.core.management import call_command

from karibu.config import home, serve


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True)


def test_a_command_beside_a_running_server_knows_where_it_is(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("KARIBU_HOME", str(tmp_path))
    monkeypatch.delenv("KARIBU_SERVED_URL", raising=False)
    assert home.served_url() == "http://127.0.0.1:8000"
    with serve._only_one(tmp_path, "http://127.0.0.1:8701"):
        assert home.served_url() == "http://127.0.0.1:8701"
    monkeypatch.setenv("KARIBU_SERVED_URL", "http://10.0.0.2:80/")
    assert home.served_url() == "http://10.0.0.2:80"
