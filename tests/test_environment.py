"""What the environment says wrongly is said in a sentence, before anything is started or written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from karibu.config import cli, environment

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    for name in environment.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KARIBU_HOME", str(tmp_path / "home"))


def test_nothing_needs_to_be_set():
    assert environment.faults() == []


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("KARIBU_UPLOAD_MB", "2 GB", "KARIBU_UPLOAD_MB must be a whole number of megabytes (it is '2 GB')."),
        ("KARIBU_IP_ADDRESSES", "none", "KARIBU_IP_ADDRESSES must be one of network, whole (it is 'none')."),
        ("KARIBU_ENGINE", "spark", "KARIBU_ENGINE must be duckdb or a cluster's master, spark://host:port"),
        ("KARIBU_TRUSTED_PROXIES", "10.0.0.0/8, proxy", "KARIBU_TRUSTED_PROXIES must be IP networks with commas"),
        ("KARIBU_PUBLIC_URL", "shop.example", "KARIBU_PUBLIC_URL must be an address such as https://"),
        ("KARIBU_PUBLIC_URL", "https://shop.example:port", "KARIBU_PUBLIC_URL must be an address such as https://"),
        ("KARIBU_LAKE_URL", "ftp://lake", "KARIBU_LAKE_URL must be a folder or begin with one of s3://"),
        ("KARIBU_SMTP_URL", "me:pa55word@mail.example", "KARIBU_SMTP_URL must look like smtp://user:password@host:587"),
        (
            "KARIBU_SMTP_URL",
            "smtp://a:pa55word@m.example?starttls=requird",
            "KARIBU_SMTP_URL must have offered, required",
        ),
        ("KARIBU_DATABASE_URL", "mysql://a:pa55word@db/x", "KARIBU_DATABASE_URL must be a PostgreSQL URL such as"),
        (
            "KARIBU_SECRET_KEY_FILE",
            "/not/there",
            "KARIBU_SECRET_KEY_FILE names '/not/there', which cannot be read: No such",
        ),
    ],
)
def test_what_cannot_be_understood_is_named(monkeypatch, tmp_path, name, given, sentence):
    monkeypatch.setenv(name, given)
    answer = CliRunner().invoke(cli.main, ["serve"])
    assert (answer.exit_code, answer.output.count("\n")) == (1, 1)
    assert answer.output.startswith(f"Error: {sentence}")
    assert "pa55word" not in answer.output
    assert not (tmp_path / "home").exists()


def test_a_file_may_hold_the_value(monkeypatch, tmp_path):
    (tmp_path / "megabytes").write_text("12\n")
    monkeypatch.setenv("KARIBU_UPLOAD_MB_FILE", str(tmp_path / "megabytes"))
    assert environment.get("KARIBU_UPLOAD_MB") == 12


def test_the_readme_names_every_setting():
    told = (ROOT / "README.md").read_text()
    assert [name for name in environment.SETTINGS if f"| `{name}` |" not in told] == []
