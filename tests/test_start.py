import pytest
from click.testing import CliRunner
from django.core.management import call_command

from karibu.config import cli, home, serve


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


@pytest.mark.parametrize("words", [["user", "create", "a@example.com"], ["doctor"], ["segment", "count", "1"]])
def test_a_command_where_nothing_was_started_says_so_and_leaves_nothing(monkeypatch, tmp_path, words) -> None:
    monkeypatch.setenv("KARIBU_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("KARIBU_DATABASE_URL", raising=False)
    answer = CliRunner().invoke(cli.main, words)
    assert answer.exit_code == 1
    assert answer.output.startswith(f"Error: There is no Karibu in {tmp_path}/elsewhere yet.")
    assert not (tmp_path / "elsewhere").exists()
