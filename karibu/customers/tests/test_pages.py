"""The pages of customers, as a colleague uses them."""

import re
from html import unescape

import pytest
from django.test import Client

from karibu.customers.models import Customer, Merge, Suggestion
from karibu.web.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]


@pytest.fixture
def owner(client: Client) -> User:
    user = User.objects.create_user("owner@example.test", name="Owner", timezone="Africa/Kigali")
    client.force_login(user)
    return user


@pytest.fixture
def amina(send, owner) -> Customer:
    send(
        {
            "anonymousId": "laptop",
            "type": "page",
            "properties": {"title": "Welcome"},
            "timestamp": "2026-11-20T08:00:00Z",
        },
        {
            "type": "identify",
            "anonymousId": "laptop",
            "userId": "amina",
            "traits": {"name": "Amina Uwase", "email": "amina@example.com", "phone": "+250788123456", "plan": "gold"},
            "timestamp": "2026-11-20T08:01:00Z",
        },
        {
            "event": "Product Viewed",
            "userId": "amina",
            "properties": {"product_id": "p1", "name": "Canvas <shoes>", "price": 54.9, "currency": "USD"},
            "timestamp": "2026-11-20T08:02:00Z",
        },
    )
    return Customer.objects.get(email="amina@example.com")


def words(html: bytes) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html.decode())))


def test_the_page_tells_who_what_they_did_and_how_we_know(client: Client, amina: Customer) -> None:
    answer = client.get(f"/customers/{amina.pk}/")
    text = words(answer.content)
    for part in ("Amina Uwase", "amina@example.com", "+250788123456", "told by the shop", "the shop's id · identify"):
        assert part in text, part
    assert "Looked at Canvas <shoes> , 54.90 USD" in text
    assert "Visited the page Welcome" in text  # from before the sign-in
    assert "<shoes>" not in answer.content.decode()


def test_an_old_id_leads_to_whom_it_is_today(client: Client, amina: Customer) -> None:
    nameless = Merge.objects.get().loser
    answer = client.get(f"/customers/{nameless}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{amina.pk}/")
    assert client.get("/customers/999999/").status_code == 404


@pytest.mark.parametrize(
    "typed",
    ["amina", "UWASE", "ami uwa", "amina@example.com", "example.com", "+250 788 123 456", "0788123456", "laptop"],
)
def test_the_list_finds_a_customer_by_any_name(client: Client, amina: Customer, typed: str) -> None:
    assert "Amina Uwase" in words(client.get("/customers/", {"q": typed}).content)
    assert "Amina Uwase" not in words(client.get("/customers/", {"q": "ben " + typed}).content)


@pytest.mark.parametrize("typed", ["'", "@", "\\", "a'b\\", "--", "!&|():*", "\0"])
def test_signs_find_nobody_and_break_nothing(client: Client, amina: Customer, typed: str) -> None:
    answer = client.get("/customers/", {"q": typed})
    assert answer.status_code == 200 and "Amina Uwase" not in words(answer.content)


def test_the_list_finds_a_customer_by_an_old_id(client: Client, amina: Customer) -> None:
    assert "Amina Uwase" in words(client.get("/customers/", {"q": str(Merge.objects.get().loser)}).content)


def test_csv_is_what_is_shown(client: Client, amina: Customer) -> None:
    answer = client.get("/customers/", {"format": "csv", "cols": "name,email,orders"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").split()
    assert lines == ["name,email,orders", "Amina", "Uwase,amina@example.com,0"]


def test_the_timeline_shows_one_kind_and_goes_on_with_older(client: Client, amina: Customer, send) -> None:
    send(
        *(
            {
                "type": "page",
                "userId": "amina",
                "timestamp": f"2026-11-21T09:{n:02}:00Z",
                "properties": {"title": str(n)},
            }
            for n in range(60)
        )
    )
    page = client.get(f"/customers/{amina.pk}/").content.decode()
    assert page.count('class="entry ') == 50
    older = re.search(r'hx-get="([^"]*before=[^"]*)"', page)[1].replace("&amp;", "&")
    rest = client.get(older, headers={"HX-Request": "true"}).content.decode()
    assert rest.count('class="entry ') == 13  # 60 pages and 3 from before, less the 50 that were shown
    assert "<html" not in rest
    profile = client.get(
        f"/customers/{amina.pk}/timeline/?kind=profile", headers={"HX-Request": "true"}
    ).content.decode()
    assert profile.count('class="entry ') == 1


def test_what_happened_at_one_instant_is_not_torn_apart_by_paging(client: Client, amina: Customer, send) -> None:
    send(*({"type": "page", "userId": "amina", "timestamp": "2026-11-21T00:00:00Z"} for _ in range(60)))
    page = client.get(f"/customers/{amina.pk}/").content.decode()
    assert page.count('class="entry ') == 60
    older = re.search(r'href="([^"]*/timeline/[^"]*before=[^"]*)"', page)
    assert older
    rest = client.get(unescape(older[1]), headers={"HX-Request": "true"}).content.decode()
    assert rest.count('class="entry ') == 3


def test_what_a_colleague_types_is_not_overwritten_by_the_shop(client: Client, amina: Customer, send) -> None:
    shown = {"name": "Amina U.", "email": amina.email, "phone": amina.phone}
    assert client.post(f"/customers/{amina.pk}/edit/", shown).status_code == 302
    send({"type": "identify", "userId": "amina", "traits": {"name": "AMINA", "plan": "silver"}})
    amina.refresh_from_db()
    assert (amina.name, amina.traits["plan"]) == ("Amina U.", "silver")
    assert "AMINA" in words(client.get(f"/customers/{amina.pk}/").content)  # the weaker word stands behind it


def test_a_customer_is_added_by_hand_and_found_by_their_later_visit(client: Client, owner: User, send) -> None:
    answer = client.post("/customers/new/", {"name": "Ben", "email": "Ben@Example.com"})
    ben = Customer.objects.get(name="Ben")
    assert answer["Location"] == f"/customers/{ben.pk}/"
    send({"type": "identify", "userId": "ben", "traits": {"email": "ben@example.com"}})
    assert Customer.objects.count() == 1


def test_an_address_of_somebody_else_is_refused_and_nothing_is_made(client: Client, amina: Customer) -> None:
    before = Customer.objects.count()
    answer = client.post("/customers/new/", {"name": "Other", "email": "amina@example.com"})
    assert answer.status_code == 422 and "belongs to another customer" in words(answer.content)
    assert Customer.objects.count() == before


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("phone", "12"), ("timezone", "Kigali"), ("country", "Rwanda")]
)
def test_a_wrong_value_is_named_at_its_field(client: Client, owner: User, field: str, value: str) -> None:
    answer = client.post("/customers/new/", {"name": "Ben", field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Customer.objects.exists()


def test_two_are_merged_from_the_page_and_taken_apart_again(client: Client, amina: Customer, send) -> None:
    send({"type": "identify", "userId": "ben", "traits": {"name": "Ben"}})
    ben = Customer.objects.get(name="Ben")
    candidates = client.get(f"/customers/{amina.pk}/merge/?q=ben", headers={"HX-Request": "true"}).content.decode()
    assert f'name="with" value="{ben.pk}"' in candidates and "<html" not in candidates
    client.post(f"/customers/{amina.pk}/merge/", {"with": ben.pk})
    assert client.get(f"/customers/{ben.pk}/")["Location"] == f"/customers/{amina.pk}/"
    merge = Merge.objects.get(loser=ben.pk)
    client.post(f"/customers/merges/{merge.pk}/undo/")
    assert client.get(f"/customers/{ben.pk}/").status_code == 200


def test_reading_changes_nothing(client: Client, amina: Customer) -> None:
    merge = Merge.objects.get()
    for path in (f"/customers/merges/{merge.pk}/undo/", "/customers/suggestions/1/merge/"):
        assert client.get(path).status_code == 405
    assert Merge.objects.get().undone_at is None


def test_a_suggestion_is_merged_or_kept_apart_for_good(client: Client, amina: Customer, send) -> None:
    send({"type": "identify", "userId": "amina 2", "traits": {"email": "amina@example.com"}})
    suggestion = Suggestion.objects.get()
    assert "One person: merge" in words(client.get("/customers/suggestions/").content)
    client.post(f"/customers/suggestions/{suggestion.pk}/apart/")
    send({"type": "identify", "userId": "amina 2", "traits": {"email": "amina@example.com"}})
    assert "No possible duplicates" in words(client.get("/customers/suggestions/").content)
    assert Suggestion.objects.get().status == "apart"
    Suggestion.objects.update(status="open")
    client.post(f"/customers/suggestions/{suggestion.pk}/merge/")
    assert Customer.objects.get(pk=suggestion.other).merged_into == suggestion.one


@pytest.mark.parametrize("path", ["/customers/", "/customers/new/", "/customers/suggestions/"])
def test_every_page_works_on_an_empty_installation(client: Client, owner: User, path: str) -> None:
    assert client.get(path).status_code == 200


def test_strangers_see_nothing(client: Client, amina: Customer) -> None:
    client.logout()
    for path in ("/customers/", f"/customers/{amina.pk}/", f"/customers/{amina.pk}/edit/"):
        answer = client.get(path)
        assert answer.status_code == 302 and "Amina" not in answer.content.decode()
