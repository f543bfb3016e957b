"""`karibu doctor` names what is wrong, with a remedy, and says so to scripts by its exit code."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from karibu.collect.models import InboxRow
from karibu.config import doctor
from karibu.consents.models import Erasure
from karibu.insights.tests.shop import make_message
from karibu.segments import mirror
from karibu.segments.tests.people import customer, mirrored

pytestmark = pytest.mark.django_db


def test_a_healthy_installation_is_well(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine() == 0
    said = capsys.readouterr().out
    assert "All is well." in said and "✗" not in said
    for subject in ("database", "disk", "lake", "mirror", "clock", "inbox", "work", "mail", "public URL"):
        assert subject in said


def test_an_erasure_that_does_not_end_is_named(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = timezone.now() - timedelta(hours=1)
    Erasure.objects.create(customer_id=17, by="x", begun_at=begun, touched_at=begun, done_at=timezone.now())
    assert doctor.examine() == 0
    Erasure.objects.create(customer_id=18, by="x", begun_at=begun, touched_at=begun)
    assert doctor.examine() == 1
    said = capsys.readouterr().out
    assert "The erasure of customer 18 has begun and is not done" in said and "karibu erase 18" in said


def test_late_messages_and_a_waiting_inbox_are_named(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = timezone.now() - timedelta(minutes=10)
    make_message(customer=1, status="intended", at=late)
    InboxRow.objects.create(lane=0, source_id=1, received_at=late, events=1, body=b"[]")
    assert doctor.examine() == 1
    said = capsys.readouterr().out
    assert "1 message is late, by 10 min." in said
    assert "1 rows wait, the oldest for 10 min" in said and "Start a worker" in said
    assert "2 of 9 need attention." in said


def test_a_lake_that_cannot_be_written_to_is_named(
    tmp_path: Path, settings, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    settings.KARIBU_LAKE_URL = str(in_the_way / "lake")
    assert doctor.examine() == 1
    assert "cannot be written to" in capsys.readouterr().out


def test_damaged_files_of_the_mirror_are_named_and_mended_by_whoever_asks(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    customer(name="Amina")
    mirror.rebuild()
    assert doctor.mirror()[0].said == "1 customers in 2 files that are whole"
    for file in (lake / "_mirror").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    assert doctor.examine() == 0
    assert "2 of 2 files with customers' columns are missing or damaged" in capsys.readouterr().out
    assert len(mirror.read(mirrored)) == 1
    assert doctor.mirror()[0].said == "1 customers in 2 files that are whole"


def test_a_mail_server_that_does_not_answer_is_named(lake: Path, settings, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    settings.KARIBU_SMTP_URL = f"smtp://user:secret@127.0.0.1:{port}"
    assert doctor.examine() == 1
    said = capsys.readouterr().out
    assert f"127.0.0.1:{port} does not answer" in said
    assert "secret" not in said
