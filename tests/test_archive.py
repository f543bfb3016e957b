"""Everything that is held about a person, in one file for them (GDPR art. 15, LGPD art. 18)."""

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from karibu.consents import access, erasure
from karibu.customers.models import Customer
from karibu.journeys.models import Enrollment
from karibu.web.models import AuditEntry, User
from tests.test_erase_command import karibu
from tests.test_erasure import TRACES, a_life, come

pytestmark = pytest.mark.django_db(transaction=True)


def made(customer: int) -> zipfile.ZipFile:
    file = io.BytesIO()
    access.write(customer, file, by="a test")
    return zipfile.ZipFile(file)


def told(packed: zipfile.ZipFile) -> dict[str, list[dict[str, Any]]]:
    return {name[:-5]: json.loads(packed.read(name)) for name in packed.namelist() if name.endswith(".json")}


def test_it_holds_all_that_an_erasure_would_take_and_nobody_else(lake: Path) -> None:
    customer = a_life()
    come({"type": "identify", "userId": "other", "anonymousId": "elsewhere", "traits": {"email": "ben@example.com"}})
    packed = made(customer)
    parts = told(packed)
    counts = {name: len(rows) for name, rows in parts.items() if rows}
    assert {name: counts[name] for name in ("orders", "order-lines", "carts", "messages", "mails", "consents")} == {
        "orders": 1, "order-lines": 1, "carts": 1, "messages": 1, "mails": 1, "consents": 1,
    }  # fmt: skip
    assert counts["events"] == 4 and counts["journeys"] == 1 and counts["rejected-events"] == 1
    assert parts["events"][0]["name"] == "Order Completed" and parts["orders"][0]["total"] == "12.0000"
    assert {row["value"] for row in parts["identifiers"]} == {
        "zuberi.quetzal@example.com", "+250788123499", "u-zq-17", "browser-zq-9",
    }  # fmt: skip
    whole = json.dumps(parts).lower()
    assert all(word in whole for word in TRACES if " " not in word)
    assert "ben@example.com" not in whole and "elsewhere" not in whole


def test_the_page_in_it_is_for_reading_and_runs_nothing(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = a_life()
    Customer.objects.filter(pk=customer).update(name="<script>alert(1)</script>")
    monkeypatch.setattr(access, "READABLE", 2)
    page = made(customer).read("index.html").decode()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert 'href="events.json"' in page and "Here are the first 2 of 4." in page
    assert page.count("Order Completed") == 1 and "Zanzibar-Street 4" in page


def test_only_an_owner_gets_it_by_post_and_it_is_written_down(lake: Path, client: Client) -> None:
    customer = a_life()
    Enrollment.objects.all().delete()  # of a journey that was never published, which no page could show
    url = f"/customers/{customer}/archive/"
    client.force_login(User.objects.create_user("juma@example.test", role="marketer"))
    assert client.post(url).status_code == 403
    assert "archive/" not in client.get(f"/customers/{customer}/").content.decode()
    client.force_login(User.objects.create_user("owner@example.test", role="owner"))
    assert url in client.get(f"/customers/{customer}/").content.decode()
    assert client.get(url).status_code == 405 and not AuditEntry.objects.filter(verb="exported customer").exists()
    answer = client.post(url)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="customer-{customer}.zip"'
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert packed.testzip() is None and "index.html" in packed.namelist()
    entry = AuditEntry.objects.get(verb="exported customer")
    assert (entry.actor, entry.subject) == ("owner@example.test", f"customer {customer}")
    assert entry.detail["events"] == 4
    erasure.erase(customer, by="owner@example.test")
    assert client.post(url).status_code == 404 and client.post("/customers/999999/archive/").status_code == 404


def test_the_command_says_where_it_lies_and_overwrites_nothing(lake: Path, tmp_path: Path) -> None:
    customer, file = a_life(), tmp_path / "all.zip"
    code, out, err = karibu("export", "customer", "Zuberi.Quetzal@example.com", "--to", str(file))
    assert (code, out) == (0, f"{file}\n"), err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(told(zipfile.ZipFile(file))["events"]) == 4
    code, _, err = karibu("export", "customer", str(customer), "--to", str(file))
    assert code == 1 and "cannot be made: File exists" in err
    code, _, err = karibu("export", "customer", "nobody@example.com")
    assert code == 1 and "There is no such customer" in err
