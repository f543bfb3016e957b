"""A folder without permission, a full disk: one sentence, nothing lost, and on it goes when repaired."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from karibu.config.testing import missing
from karibu.events import flush, log, queries
from karibu.events.models import TailBlock
from karibu.events.tests.making import append, event

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_folder_that_cannot_be_made(lake, caplog) -> None:
    lake.write_text("a file stands where the folder should be")
    append(event())
    assert flush.step() > 0 and flush.step() > 0
    assert queries.trouble().startswith(f"The event log cannot write to {lake}: ")
    assert queries.trouble().endswith("Events wait safely in PostgreSQL.")
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1
    assert log.count() == {None: 1}
    lake.unlink()
    flush.step()
    assert queries.trouble() == ""
    assert not TailBlock.objects.exists()
    assert log.count() == {None: 1}


NOBODY = 65534


@pytest.fixture
def open_folder(settings):
    """A lake below a folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="karibu-test-"))
    folder.chmod(0o755)
    settings.KARIBU_LAKE_URL = str(folder / "lake")
    yield folder / "lake"
    shutil.rmtree(folder)


@contextmanager
def without_permission(lake: Path) -> Iterator[None]:
    """The folder's owner has closed it; root, who may write everywhere, becomes nobody."""
    folders = [folder for folder in [lake, *lake.iterdir()] if folder.is_dir()]
    root = os.geteuid() == 0
    for folder in folders:
        folder.chmod(0o555)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for folder in folders:
            folder.chmod(0o755)


def test_a_folder_without_write_permission(open_folder) -> None:
    append(event())
    flush.flush_everything()
    append(event())
    with without_permission(open_folder):
        flush.step()
        assert "ermission denied" in queries.trouble()
        assert log.count() == {None: 2}
    flush.step()
    assert (queries.trouble(), log.count()) == ("", {None: 2})


@pytest.fixture
def small_disk(settings, tmp_path):
    """A disk of 256 KB, where root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "lake", str(disk)], capture_output=True)
    if mounted.returncode:
        missing("the right to mount a small disk")
    settings.KARIBU_LAKE_URL = str(disk / "lake")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk) -> None:
    append(event())
    flush.flush_everything()
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 8192))
    append(*[event(properties={"text": os.urandom(400).hex()}) for _ in range(100)])
    files_before = sorted(path for path in small_disk.rglob("*.parquet"))
    flush.step()
    assert "No space left on device" in queries.trouble()
    assert log.count() == {None: 101}
    assert sorted(small_disk.rglob("*.parquet")) == files_before  # no half-written files fill it further
    filler.unlink()
    flush.step()
    assert (queries.trouble(), log.count()) == ("", {None: 101})
