import datetime
import re

import pytest
from django.test import Client

from karibu.web.actions import LastOwner, change_role, create_token, deactivate
from karibu.web.models import AuditEntry, Shop, Token, User


def test_the_shop_is_set_up(owner: User, client: Client) -> None:
    form = {"name": "Duka", "currency": "RWF", "timezone": "Africa/Kigali", "country": "RW"}
    assert client.post("/settings/shop/", form).status_code == 302
    shop = Shop.objects.get()
    assert (shop.pk, shop.name, shop.currency, shop.country) == (1, "Duka", "RWF", "RW")
    assert AuditEntry.objects.get(verb="changed shop").actor == owner.email
    assert "Duka" in client.get("/settings/").content.decode()


def test_where_answers_and_requests_to_be_left_alone_go_is_set_with_the_sender(owner: User, client: Client) -> None:
    page = client.get("/settings/shop/").content.decode()
    assert 'name="reply_to"' in page and 'name="unsubscribe_email"' in page
    form = {"name": "Duka", "currency": "RWF", "timezone": "Africa/Kigali", "country": "RW"}
    addresses = {"reply_to": "help@duka.example", "unsubscribe_email": "leave@duka.example"}
    assert client.post("/settings/shop/", {**form, "reply_to": "nobody"}).status_code == 422
    assert client.post("/settings/shop/", {**form, **addresses}).status_code == 302
    assert Shop.objects.values(*addresses).get() == addresses


def test_a_zone_or_a_currency_that_does_not_exist_is_refused(owner: User, client: Client) -> None:
    form = {"name": "Duka", "currency": "XXX", "timezone": "Mars/Olympus"}
    assert client.post("/settings/shop/", form).status_code == 422
    assert not Shop.objects.exists()


def test_a_colleague_is_invited_with_a_link_that_works(owner: User, client: Client) -> None:
    answer = client.post("/settings/colleagues/", {"email": "thabo@example.test", "role": "agent"})
    link = answer.context["link"]
    assert link in answer.content.decode()
    assert Client().post(link.removeprefix("http://testserver")).status_code == 302
    assert User.objects.get(email="thabo@example.test").role == "agent"


def test_the_shop_always_keeps_an_owner(owner: User, agent: User) -> None:
    with pytest.raises(LastOwner):
        deactivate(owner, by="test")
    with pytest.raises(LastOwner):
        change_role(owner, "agent", by="test")
    change_role(agent, "owner", by="test")
    change_role(owner, "agent", by="test")
    assert set(User.objects.values_list("email", "role")) == {(owner.email, "agent"), (agent.email, "owner")}


def test_the_page_says_why_the_last_owner_stays(owner: User, client: Client) -> None:
    answer = client.post(f"/settings/colleagues/{owner.pk}/role/", {"role": "agent"}, follow=True)
    assert "Somebody must stay owner" in answer.content.decode()
    assert User.objects.get(pk=owner.pk).role == "owner"


def test_a_role_that_changed_meanwhile_is_not_changed_over_it(owner: User, agent: User, client: Client) -> None:
    page = client.get("/settings/colleagues/").content.decode()
    assert 'name="was" value="agent"' in page
    change_role(agent, "owner", by="another tab")
    said = client.post(f"/settings/colleagues/{agent.pk}/role/", {"role": "marketer", "was": "agent"}, follow=True)
    assert "Somebody else changed this role meanwhile" in said.content.decode()
    assert User.objects.get(pk=agent.pk).role == "owner"
    client.post(f"/settings/colleagues/{agent.pk}/role/", {"role": "marketer", "was": "owner"})
    assert User.objects.get(pk=agent.pk).role == "marketer"


def test_a_profile_that_was_changed_in_another_tab_is_not_written_over(owner: User, client: Client) -> None:
    page = client.get("/settings/profile/")
    seen = re.search(r'name="seen" value="(\w+)"', page.content.decode())
    assert seen
    User.objects.filter(pk=owner.pk).update(name="Amina of the other tab")
    form = {"name": "Amina", "timezone": "Africa/Kigali", "language": "en", "seen": seen[1]}
    told = client.post("/settings/profile/", form)
    assert told.status_code == 422 and "This was changed meanwhile" in told.content.decode()
    assert User.objects.get(pk=owner.pk).name == "Amina of the other tab"
    again = re.search(r'name="seen" value="(\w+)"', told.content.decode())
    assert again and client.post("/settings/profile/", {**form, "seen": again[1]}).status_code == 302
    assert User.objects.get(pk=owner.pk).name == "Amina"


def test_a_token_is_shown_once_and_can_be_revoked(owner: User, client: Client) -> None:
    made = client.post("/settings/tokens/", {"name": "till", "role": "marketer"}).context["made"]
    assert made.startswith("kt_") and made not in client.get("/settings/tokens/").content.decode()
    token = Token.objects.get()
    assert made not in (token.digest, token.name)
    client.post(f"/settings/tokens/{token.pk}/revoke/")
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {made}"}).status_code == 401


def test_agents_see_only_their_own_settings(agent: User, client: Client) -> None:
    client.force_login(agent)
    text = client.get("/settings/").content.decode()
    assert "/settings/profile/" in text and "/settings/tokens/" not in text
    for page in ("shop", "colleagues", "tokens", "audit"):
        assert client.get(f"/settings/{page}/").status_code == 403
    assert client.post("/settings/tokens/", {"name": "mine", "role": "owner"}).status_code == 403
    assert not Token.objects.exists()


def test_setting_a_password_wants_the_old_one_and_keeps_one_signed_in(owner: User, client: Client) -> None:
    assert client.post("/settings/profile/password/", {"new": "a long enough secret"}).status_code == 302
    assert client.get("/settings/profile/").status_code == 200
    wrong = {"old": "not it", "new": "another long secret"}
    assert client.post("/settings/profile/password/", wrong).status_code == 422
    owner.refresh_from_db()
    assert owner.check_password("a long enough secret")


def test_times_and_the_clock_are_in_the_viewers_zone(owner: User, client: Client) -> None:
    create_token("till")
    assert "Kigali" in client.get("/settings/tokens/").content.decode()


def test_times_in_a_csv_file_are_in_the_viewers_zone_as_on_the_screen(owner: User, client: Client) -> None:
    create_token("till")
    AuditEntry.objects.update(at=datetime.datetime(2026, 3, 1, 22, 30, tzinfo=datetime.UTC))
    assert "2 Mar 2026, 00:30" in client.get("/settings/audit/").content.decode()
    assert b"2026-03-02T00:30:00+02:00" in b"".join(client.get("/settings/audit/?format=csv"))
    assert b"2026-03-02" not in b"".join(client.get("/settings/audit/?format=csv&at_to=2026-03-01"))
    assert b"2026-03-02" in b"".join(client.get("/settings/audit/?format=csv&at_from=2026-03-02"))


def test_the_audit_log_can_be_searched_and_downloaded(owner: User, client: Client) -> None:
    create_token("till")
    create_token("accounting", by="thabo@example.test")
    text = client.get("/settings/audit/?q=thabo").content.decode()
    assert "accounting" in text and "till" not in text and "1 of 2" in text
    lines = b"".join(client.get("/settings/audit/?q=thabo&format=csv")).decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[0] == "at,actor,verb,subject,detail" and "accounting" in lines[1]
