"""Where the path of KARIBU_HOME is too long for a socket, it lies in a place that everybody may write to."""

import os
from pathlib import Path

import click
import pytest

from karibu.config import postgres


@pytest.fixture
def fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is used for a home with a long path."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return postgres.socket_folder(long(tmp_path))


def long(tmp_path: Path) -> Path:
    return tmp_path / ("x" * 90)


def test_a_short_path_needs_no_other_place(tmp_path: Path) -> None:
    assert postgres.socket_folder(Path("/srv/karibu")) == Path("/srv/karibu/run")


def test_our_own_folder_is_used_again(fallback: Path, tmp_path: Path) -> None:
    fallback.mkdir()
    assert postgres.socket_folder(long(tmp_path)) == fallback
    postgres._own_folder(fallback, None)
    assert fallback.stat().st_mode & 0o777 == 0o700


def test_a_link_is_refused_wherever_it_leads(fallback: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    fallback.symlink_to(tmp_path / "theirs")
    for attempt in (lambda: postgres.socket_folder(long(tmp_path)), lambda: postgres._own_folder(fallback, None)):
        with pytest.raises(click.ClickException, match="was not made by Karibu"):
            attempt()
    assert not list((tmp_path / "theirs").iterdir())


def test_a_folder_of_somebody_else_is_refused_by_clients_too(
    fallback: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallback.mkdir()
    monkeypatch.setattr(postgres, "_owners", lambda: {os.geteuid() + 1})
    with pytest.raises(click.ClickException, match="was not made by Karibu"):
        postgres.embedded_url(long(tmp_path))


def test_a_file_in_the_way_is_refused(fallback: Path, tmp_path: Path) -> None:
    fallback.write_text("")
    with pytest.raises(click.ClickException, match="was not made by Karibu"):
        postgres.socket_folder(long(tmp_path))
