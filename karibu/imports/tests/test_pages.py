"""An import on the screen: uploaded, understood, mapped, started, run by a worker, undone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from karibu.config.schedule import SCHEDULE
from karibu.imports import actions, jobs
from karibu.imports.models import Import
from karibu.shop.models import Order
from karibu.web.models import AuditEntry, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]
ORDERS = "Basket;Who;Date;Sum\n1;7;2026-01-05;10,50\n2;8;2026-01-06;ten\n".encode("utf-16")


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_user("owner@shop.test", role="owner"))
    return client


def uploaded(owner: Client, content: bytes = ORDERS, kind: str = "orders") -> Import:
    response = owner.post("/imports/new/", {"kind": kind, "file": SimpleUploadedFile("old <shop>.csv", content)})
    assert response.status_code == 302
    return Import.objects.latest("pk")


MAPPED = {"map_order_id": "Basket", "map_external_id": "Who", "map_placed_at": "Date", "map_total": "Sum",
          "currency": "KES", "zone": "Africa/Nairobi", "match": "any"}  # fmt: skip


def test_a_file_is_shown_as_understood_before_anything_happens(owner: Client) -> None:
    imported = uploaded(owner)
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert "utf-16" in page and "semicolon" in page and "old &lt;shop&gt;.csv" in page
    assert "who the customer is" in page  # nothing was suggested for "Who"
    owner.post(f"/imports/{imported.pk}/", MAPPED)
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert "Order 1 of customer 7" in page and "10.50" in page
    assert "“ten” is no amount" in page
    assert not Order.objects.exists()


def test_a_started_import_runs_shows_its_rejected_rows_and_is_undone(owner: Client) -> None:
    imported = uploaded(owner)
    assert owner.post(f"/imports/{imported.pk}/", {**MAPPED, "start": "1"}).status_code == 302
    imported.refresh_from_db()
    assert imported.status == "queued"
    assert owner.get("/imports/").content.decode().count("waiting") >= 1
    jobs.run_import(import_id=imported.pk)
    assert Order.objects.get().currency == "KES"
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert "Undo import" in page and "hx-trigger" not in page.split('id="progress"')[1][:200]
    rows = b"".join(owner.get(f"/imports/{imported.pk}/rejected/?format=csv").streaming_content).decode()  # type: ignore
    assert "3,total" in rows.replace('"', "") and "ten" in rows
    assert owner.get(f"/imports/{imported.pk}/undo/").status_code == 405
    owner.post(f"/imports/{imported.pk}/undo/")
    jobs.undo_import(import_id=imported.pk, by="owner@shop.test")
    assert not Order.objects.exists()
    imported.refresh_from_db()
    assert imported.status == "undone"


def test_stop_and_resume_on_the_screen(owner: Client) -> None:
    imported = uploaded(owner)
    owner.post(f"/imports/{imported.pk}/", {**MAPPED, "start": "1"})
    owner.post(f"/imports/{imported.pk}/stop/")
    jobs.run_import(import_id=imported.pk)  # the job that waited finds it stopped
    imported.refresh_from_db()
    assert (imported.status, Order.objects.count()) == ("stopped", 0)
    owner.post(f"/imports/{imported.pk}/resume/")
    jobs.run_import(import_id=imported.pk)
    assert Order.objects.count() == 1


def test_an_unreadable_file_says_so_and_leaves_nothing(owner: Client) -> None:
    response = owner.post("/imports/new/", {"kind": "orders", "file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04no")})
    assert response.status_code == 422
    assert "cannot be read" in response.content.decode()
    assert not Import.objects.exists()


def test_a_file_that_is_too_long_for_a_page_says_so_and_names_the_way(owner: Client, settings: Any) -> None:
    settings.KARIBU_UPLOAD_MB = 0.0005
    file = SimpleUploadedFile("big.csv", b"email\n" + b"ann@x.test\n" * 60)
    response = owner.post("/imports/new/", {"kind": "customers", "file": file})
    assert response.status_code == 422
    assert (
        "a page takes 0.0005 MB" in response.content.decode() and "karibu import customers" in response.content.decode()
    )
    assert not Import.objects.exists()


def test_a_draft_can_be_discarded(owner: Client) -> None:
    imported = uploaded(owner)
    owner.post(f"/imports/{imported.pk}/discard/", MAPPED)
    assert not Import.objects.exists()


def test_pages_of_an_empty_house(owner: Client) -> None:
    assert 'class="empty"' in owner.get("/imports/").content.decode()
    assert owner.get("/imports/new/?kind=products").status_code == 200


def test_an_agent_may_not_import(client: Client) -> None:
    client.force_login(User.objects.create_user("agent@shop.test", role="agent"))
    assert client.get("/imports/").status_code == 403
    assert client.post("/imports/new/", {"kind": "orders"}).status_code == 403


def test_an_upload_that_nobody_starts_goes_after_a_week(
    owner: Client, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    forgotten, fresh, started = uploaded(owner), uploaded(owner), uploaded(owner)
    owner.post(f"/imports/{started.pk}/", {**MAPPED, "start": "1"})
    long_ago = timezone.now() - timedelta(days=7, minutes=1)
    Import.objects.filter(pk__in=[forgotten.pk, started.pk]).update(created_at=long_ago)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.forget_uploads(timestamp=0)
    assert set(Import.objects.values_list("pk", flat=True)) == {fresh.pk, started.pk}
    kept = {int(path.name) for path in (settings.KARIBU_HOME / "imports").iterdir()}
    assert kept == {fresh.pk, started.pk}
    assert AuditEntry.objects.filter(actor="schedule", subject=f"import {forgotten.pk}").count() == 1
    assert "karibu.imports.jobs.forget_uploads" in [path for _, path in SCHEDULE]


def test_the_file_of_an_import_that_was_left_half_done_goes_after_a_week_too(owner: Client, settings: Any) -> None:
    left, fresh = uploaded(owner), uploaded(owner)
    for one in (left, fresh):
        owner.post(f"/imports/{one.pk}/", {**MAPPED, "start": "1"})
        owner.post(f"/imports/{one.pk}/stop/")
    Import.objects.filter(pk=left.pk).update(heartbeat_at=timezone.now() - timedelta(days=7, minutes=1))
    jobs.forget_uploads(timestamp=0)
    assert {int(path.name) for path in (settings.KARIBU_HOME / "imports").iterdir()} == {fresh.pk}
    said = owner.post(f"/imports/{left.pk}/resume/", follow=True).content.decode()
    assert "Its file was deleted after 7 days" in said and Import.objects.get(pk=left.pk).status == "stopped"


def test_an_import_that_was_started_meanwhile_is_not_discarded(owner: Client) -> None:
    imported = uploaded(owner)
    seen = Import.objects.get(pk=imported.pk)
    owner.post(f"/imports/{imported.pk}/", {**MAPPED, "start": "1"})
    with pytest.raises(actions.NotReady):
        actions.discard(seen, by="another tab")
    assert Path(imported.path).exists() and Import.objects.get().status == "queued"


def test_each_number_leads_to_just_the_rows_that_the_file_brought(owner: Client, send: Any) -> None:
    send({"event": "Order Completed", "userId": "99", "properties": {"order_id": "live", "total": 5}})
    imported = uploaded(owner)
    owner.post(f"/imports/{imported.pk}/", {**MAPPED, "start": "1"})
    jobs.run_import(import_id=imported.pk)
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    for address, rows in ((f"/orders/?import={imported.pk}", 1), (f"/customers/?import={imported.pk}", 1)):
        assert f'href="{address}"><strong>{rows}</strong>' in page
        listed = owner.get(address)
        assert listed.context["table"].count == rows and f"New by import: {imported.pk}" in listed.content.decode()
    assert owner.get("/orders/?import=none").context["table"].count == 2


def test_events_of_a_file_are_listed_by_their_import(owner: Client) -> None:
    rows = b"userId,event,timestamp\n7,Product Viewed,2026-01-05\n8,Product Viewed,2026-01-06\n"
    imported = uploaded(owner, rows, "events")
    owner.post(f"/imports/{imported.pk}/", {**{f"map_{k}": v for k, v in imported.mapping.items()}, "zone": "UTC",
               "currency": "USD", "match": "any", "start": "1"})  # fmt: skip
    jobs.run_import(import_id=imported.pk)
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert f'href="/events/?source=import+{imported.pk}"><strong>2</strong>' in page
    assert owner.get(f"/events/?source=import+{imported.pk}").context["table"].count == 2


def test_a_row_that_names_nobody_is_shown_as_set_aside_before_it_is(owner: Client) -> None:
    imported = uploaded(owner, b"email,phone\nann@x.test,\nnot-an-address,\n,12\nben@x.test,\n", "customers")
    shown = owner.get(f"/imports/{imported.pk}/").context["shown"]
    assert [bool(one.fault) for one in shown] == [False, True, True, False]
    owner.post(f"/imports/{imported.pk}/", {"map_email": "email", "map_phone": "phone", "currency": "USD",
               "zone": "UTC", "match": "any", "start": "1"})  # fmt: skip
    jobs.run_import(import_id=imported.pk)
    assert [row.reason for row in imported.rejected.order_by("line")] == [one.fault for one in shown if one.fault]


def test_an_import_that_never_began_starts_again_and_one_that_stopped_goes_on_at_the_next_row(owner: Client) -> None:
    imported = uploaded(owner)
    Import.objects.filter(pk=imported.pk).update(status="failed")
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert "Start again" in page and "Discard file" in page
    Import.objects.filter(pk=imported.pk).update(status="stopped", position=1, total=2)
    page = owner.get(f"/imports/{imported.pk}/").content.decode()
    assert "Go on at row 2" in page and "Undo import" in page
