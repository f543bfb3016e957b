"""`/api/v1/segments` and `karibu segment`: the same definitions, counts and members as on the pages."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from karibu.customers.models import Customer
from karibu.segments import actions, cli, membership, mirror, queries
from karibu.segments import run as questions
from karibu.segments.models import Segment, Size
from karibu.web.actions import create_token
from karibu.web.models import AuditEntry, Token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lake")]

RWANDANS = {"all": [{"trait": "country", "op": "is", "value": "RW"}]}


class Api:
    def __init__(self, role: str = "owner") -> None:
        self.headers = {"Authorization": f"Bearer {create_token('till')}"}
        Token.objects.filter(name="till").update(role=role)
        self.client = Client(headers=self.headers)

    def ask(self, method: str, path: str, body: object = None, status: int = 200) -> dict:
        answer = self.client.generic(method, f"/api/v1{path}", json.dumps(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()


@pytest.fixture
def api(db: None) -> Api:
    return Api()


def test_a_preview_counts_and_says_itself_and_stores_nothing(api, person):
    for country in ("RW", "RW", "KE"):
        person(f"Someone {country}", country=country)
    told = api.ask("POST", "/segments/preview", {"definition": RWANDANS})
    assert told["count"] == 2 and told["sentence"] == "Customers whose country is “Rwanda”."
    assert isinstance(told["took_ms"], int) and told["unknown"] == [] and len(told["digest"]) == 32
    assert not Segment.objects.exists()


def test_a_preview_says_softly_which_trait_nobody_has_and_which_is_meant(api, person):
    person("Amina", traits={"Shoe size": 38})
    mirror.rebuild()

    def hints(trait: str) -> list[str]:
        return api.ask("POST", "/segments/preview", {"definition": {"trait": trait, "op": "exists"}})["hints"]

    assert hints("country") == hints("Shoe size") == []
    assert hints("contry") == ["Nobody has a trait called “contry”; there is one called “country”."]
    assert hints("shoe_size") == ["Nobody has a trait called “shoe_size”; there is one called “Shoe size”."]
    assert hints("weather") == ["Nobody has a trait called “weather”."]
    many = {"any": [{"trait": f"contry {n}", "op": "exists"} for n in range(9)]}
    said = api.ask("POST", "/segments/preview", {"definition": many})["hints"]
    assert len(said) == 6 and said[-1] == "Nobody has 4 more of these traits."


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"all": [{"trait": "country", "op": "resembles", "value": "RW"}]}, "definition.all[0].op"),
        ({"any": {}}, "definition.any"),
        ({"all": [{"event": "x", "within": {"days": -1}}]}, "definition.all[0].within.days"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_path(api, definition, field):
    problem = api.ask("POST", "/segments/preview", {"definition": definition}, 422)
    assert problem["errors"][0]["field"] == field and problem["detail"]
    assert api.ask("POST", "/segments", {"name": "x", "definition": definition}, 422)["errors"][0]["field"] == field
    assert not Segment.objects.exists()


def test_bad_input_is_answered_and_breaks_nothing(api):
    deep: object = {"trait": "email", "op": "exists"}
    for _ in range(200):
        deep = {"all": [deep]}
    wide = {"any": [{"trait": "email", "op": "exists"}] * 10_000}
    day = {"all": [{"trait": "created_at", "op": "before", "value": "2026-02-30"}]}
    for definition in (deep, wide, day):
        problem = api.ask("POST", "/segments/preview", {"definition": definition}, 422)
        assert problem["detail"] and problem["errors"][0]["field"].startswith("definition")


def test_a_question_that_takes_too_long_is_withdrawn(api, person, monkeypatch):
    person("Amina")
    monkeypatch.setattr(questions, "LONGEST", 0.1)
    slow = "SELECT count(*) AS size FROM range(10_000_000) a, range(100_000) b WHERE hash(a.range, b.range) = 7"
    monkeypatch.setattr(questions, "_counted", lambda session, found: session.table(slow))
    told = api.ask("POST", "/segments/preview", {"definition": RWANDANS}, status=503)
    assert "takes longer than" in told["detail"]
    assert not questions._tickets


def test_a_condition_nobody_knows_holds_for_nobody_and_says_why(api, person):
    person("Amina")
    told = api.ask("POST", "/segments/preview", {"definition": {"all": [{"moon": "full"}]}})
    assert told["count"] == 0 and len(told["unknown"]) == 1
    told = api.ask("POST", "/segments/preview", {"definition": {"not": {"segment": 999}}})
    assert told["count"] == 0 and len(told["unknown"]) == 1


def test_a_segment_is_made_changed_and_archived(api):
    made = api.ask("POST", "/segments", {"name": "Rwandans", "definition": RWANDANS}, 201)
    assert made["name"] == "Rwandans" and made["size"] is None and made["created_by"] == "token till"
    path = f"/segments/{made['id']}"
    assert api.ask("GET", path)["definition"] == RWANDANS
    changed = api.ask("PATCH", path, {"name": "People of Rwanda"})
    assert (changed["name"], changed["definition"]) == ("People of Rwanda", RWANDANS)
    assert [one["id"] for one in api.ask("GET", "/segments?query=rwanda")["items"]] == [made["id"]]
    assert api.ask("POST", f"{path}/archive")["archived_at"]
    assert api.ask("GET", "/segments")["items"] == []
    assert [one["id"] for one in api.ask("GET", "/segments?archived=true")["items"]] == [made["id"]]
    api.ask("PATCH", path, {"name": "Late"}, 404)
    assert api.ask("POST", f"{path}/restore")["archived_at"] is None
    verbs = AuditEntry.objects.filter(subject=f"segment {made['id']}").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["created segment", "changed segment", "archived segment", "restored segment"]


def test_what_is_sent_once_more_makes_nothing(api):
    said = {"name": "Rwandans", "definition": RWANDANS}
    made = api.ask("POST", "/segments", said, 201)
    assert api.ask("POST", "/segments", said, 200) == made
    api.ask("POST", f"/segments/{made['id']}/archive")
    anew = api.ask("POST", "/segments", said, 201)  # one in the archive has no claim on its name
    back = api.ask("POST", f"/segments/{made['id']}/restore")
    assert (anew["name"], back["name"]) == ("Rwandans", "Rwandans (2)") and Segment.objects.count() == 2


def test_two_live_segments_never_have_one_name(api):
    first = api.ask("POST", "/segments", {"name": "VIP", "definition": RWANDANS}, 201)
    other = {"name": " vip ", "definition": {"trait": "phone", "op": "exists"}}
    problem = api.ask("POST", "/segments", other, 409)
    assert [one["field"] for one in problem["errors"]] == ["name"] and problem["segment"] == first["id"]
    second = api.ask("POST", "/segments", {**other, "name": "Callable"}, 201)
    problem = api.ask("PATCH", f"/segments/{second['id']}", {"name": "Vip"}, 409)
    assert [one["field"] for one in problem["errors"]] == ["name"] and problem["segment"] == first["id"]
    assert api.ask("PATCH", f"/segments/{first['id']}", {"name": "Vip"})["name"] == "Vip"  # its own, in another case
    Segment.objects.update(name="Twins")  # as older versions let them be
    both = {"name": "Twins", "definition": RWANDANS}
    assert api.ask("PATCH", f"/segments/{second['id']}", both)["definition"] == RWANDANS


@pytest.mark.django_db(transaction=True)
def test_of_two_who_give_the_same_name_at_once_one_is_told():
    def make(definition: object) -> str:
        try:
            return actions.create("Twins", definition, by="test").name
        except actions.NameTaken as taken:
            return str(taken)
        finally:
            connection.close()

    definitions = [{"trait": "name", "op": "is", "value": str(n)} for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        said = sorted(threads.map(make, definitions))
    assert said == [*["There is a segment called “Twins” already: give this one another name."] * 3, "Twins"]
    assert Segment.objects.count() == 1


def test_a_list_asks_for_the_names_in_its_sentences_once(api, segment):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            told = api.ask("GET", "/segments")["items"]
        return len(queries), told

    inner = segment("Inner")
    segment("Outer", definition={"segment": inner.pk})
    asked()  # the first time, the token is written down as used
    few, _ = asked()
    for n in range(5):
        segment(f"Another {n}", definition={"segment": inner.pk})
    many, told = asked()
    assert many == few
    assert [one["sentence"] for one in told[:6]] == ["Customers who are in segment “Inner”."] * 6


def test_a_cycle_is_refused_and_changes_nothing(api):
    inner = api.ask("POST", "/segments", {"name": "Inner", "definition": RWANDANS}, 201)["id"]
    outer = api.ask("POST", "/segments", {"name": "Outer", "definition": {"segment": inner}}, 201)["id"]
    problem = api.ask("PATCH", f"/segments/{inner}", {"definition": {"all": [{"segment": outer}]}}, 422)
    assert "contain itself" in problem["detail"]
    assert api.ask("GET", f"/segments/{inner}")["definition"] == RWANDANS


def test_members_come_by_cursor_each_once_with_since_when(api, person, segment):
    people = [person(f"Someone {number}") for number in range(5)]
    made = segment("All", *people, since=timezone.now() - timedelta(days=2))
    seen, cursor = [], ""
    while True:
        found = api.ask("GET", f"/segments/{made.pk}/members?limit=2{cursor}")
        seen += [one["id"] for one in found["items"]]
        assert all(one["since"] and one["email"] for one in found["items"])
        if not found["next"]:
            break
        cursor = f"&cursor={found['next']}"
    assert seen == sorted((one.pk for one in people), reverse=True)


def test_sizes_and_overlap(api, person, segment):
    amina, juma = person("Amina"), person("Juma")
    one, other = segment("One", amina, juma), segment("Other", juma)
    today = timezone.now().date()
    Size.objects.create(segment_id=one.pk, day=today - timedelta(days=2), members=1)
    days = api.ask("GET", f"/segments/{one.pk}/history?days=3")["items"]
    assert [day["members"] for day in days] == [1, 1, 2] and days[-1]["day"] == today.isoformat()
    assert {day["entered"] for day in days} == {0}
    assert api.ask("GET", f"/segments/{one.pk}/history?days=0", status=422)["errors"][0]["field"] == "days"
    assert api.ask("GET", f"/segments/{one.pk}/overlap?other={other.pk}") == {"one": 1, "both": 1, "other": 0}


def test_who_was_in_it_at_a_moment_of_the_past(api, person, segment):
    amina, juma = person("Amina"), person("Juma")
    made, began = segment("Then"), timezone.now() - timedelta(days=5)
    ids = pa.array([amina.pk, juma.pk], pa.int64())
    with transaction.atomic():
        membership.lock([made.pk])
        membership.rebuild(made.pk, ids, began)
        membership.rebuild(made.pk, ids[:1], began + timedelta(days=2))

    def then(moment, more=""):
        path = f"/segments/{made.pk}/as-of?at={moment.isoformat().replace('+00:00', 'Z')}{more}"
        return api.ask("GET", path)

    assert then(began - timedelta(days=1))["items"] == []
    assert [one["id"] for one in then(began + timedelta(days=1))["items"]] == [amina.pk, juma.pk]
    assert [one["id"] for one in then(timezone.now())["items"]] == [amina.pk]
    first = then(began + timedelta(days=1), "&limit=1")
    assert [one["id"] for one in first["items"]] == [amina.pk]
    second = then(began + timedelta(days=1), f"&limit=1&cursor={first['next']}")
    assert [one["id"] for one in second["items"]] == [juma.pk] and second["next"] is None
    assert second["known_since"].startswith(made.created_at.date().isoformat())
    path = f"/segments/{made.pk}/as-of?at=9999-12-31T23:59:59.999999Z"
    assert [one["id"] for one in api.ask("GET", path)["items"]] == [amina.pk]


def test_the_page_and_the_terminal_say_who_was_in_it_on_a_day_too(marketer, person, segment, capsys, monkeypatch):
    amina, juma = person("Amina"), person("Juma")
    began = timezone.now() - timedelta(days=5)
    made = segment("Then")
    Segment.objects.filter(pk=made.pk).update(created_at=began)
    with transaction.atomic():
        membership.lock([made.pk])
        membership.rebuild(made.pk, pa.array([amina.pk, juma.pk], pa.int64()), began)
        membership.rebuild(made.pk, pa.array([amina.pk], pa.int64()), began + timedelta(days=3))
    then, before = ((timezone.localtime(began) + timedelta(days=n)).date().isoformat() for n in (1, -3))
    asked = marketer.get(f"/segments/{made.pk}/past/?day={then}", follow=True)
    assert asked.redirect_chain == [(f"/segments/{made.pk}/past/{then}/", 302)]
    page = asked.content.decode()
    assert "Amina" in page and "Juma" in page and "nobody kept" not in page and "not listed" not in page
    page = marketer.get(f"/segments/{made.pk}/past/{timezone.localdate().isoformat()}/").content.decode()
    assert "Amina" in page and "Juma" not in page
    file = marketer.get(f"/segments/{made.pk}/past/{then}/?format=csv").headers["Content-Disposition"]
    assert file == f'attachment; filename="then-{then}.csv"'
    Customer.objects.filter(pk=juma.pk).update(merged_into=amina.pk)
    assert "1 of them is not listed" in marketer.get(f"/segments/{made.pk}/past/{then}/").content.decode()
    Customer.objects.filter(pk=juma.pk).update(merged_into=None)
    monkeypatch.setattr(queries, "FEW", 1)
    page = marketer.get(f"/segments/{made.pk}/past/{then}/").content.decode()
    at = re.search(rf"<code>karibu segment members {made.pk} --at (\S+)</code>", page)[1]
    cli.members(str(made.pk), datetime.strptime(at, "%Y-%m-%dT%H:%M"))
    assert capsys.readouterr().out.split() == [str(amina.pk), str(juma.pk)]
    assert (
        datetime.fromisoformat(f"{at}+00:00").astimezone(timezone.get_current_timezone()).isoformat()[11:16] == "00:00"
    )
    page = marketer.get(f"/segments/{made.pk}/past/{before}/").content.decode()
    assert "Nobody was in it then" in page and "nobody kept" in page
    for wrong in ("2026-02-31", "2200-01-01", "", "x"):
        answer = marketer.get(f"/segments/{made.pk}/past/?day={wrong}")
        assert answer.status_code == 422 and "field__error" in answer.content.decode()
    assert marketer.get(f"/segments/{made.pk}/past/2026-02-31/").status_code == 404
    cli.members(str(made.pk), began + timedelta(days=1))
    assert capsys.readouterr().out.split() == [str(amina.pk), str(juma.pk)]


def test_explaining_shows_the_sentence_the_sql_and_the_plan(api, person):
    person("Amina", country="RW")
    told = api.ask("POST", "/segments/explain", {"definition": RWANDANS})
    assert told["count"] == 1 and told["engine"] == "duckdb" and "SELECT" in told["sql"] and told["plan"]


def test_an_agents_token_reads_and_changes_nothing(segment):
    made, agent = segment("All"), Api("agent")
    assert agent.ask("GET", f"/segments/{made.pk}")["name"] == "All"
    agent.ask("POST", "/segments", {"name": "x", "definition": RWANDANS}, 403)
    agent.ask("POST", f"/segments/{made.pk}/archive", status=403)
    assert Segment.objects.get().archived_at is None


def test_every_call_is_described_in_openapi(api):
    paths = api.ask("GET", "/openapi.json")["paths"]
    ours = {path.removeprefix("/api/v1/segments") for path in paths if path.startswith("/api/v1/segments")}
    one = "/{segment_id}"
    assert ours == {"", "/preview", "/explain", one, *(f"{one}/{verb}" for verb in (
        "archive", "restore", "members", "as-of", "history", "overlap"))}  # fmt: skip


def test_openapi_says_what_a_definition_may_hold(api):
    from karibu.segments.conditions import KINDS
    from karibu.segments.conditions.operators import ALL

    told = api.ask("GET", "/openapi.json")["components"]["schemas"]["DefinitionIn"]["description"]
    assert all(f'"{kind}"' in told for kind in KINDS)
    assert all(op in told for op in ALL)


def run(verb, what, stdin=None):
    import click

    @click.command()
    def command():
        getattr(cli, verb)(*([what] if what is not None else []))

    return CliRunner().invoke(command, input=stdin)


def test_the_terminal_counts_a_file_a_number_or_what_is_piped_in(person, segment, tmp_path):
    amina = person("Amina", country="RW")
    person("Juma", country="KE")
    made = segment("Rwandans", amina, definition=RWANDANS)
    file = tmp_path / "rwandans.json"
    file.write_text(json.dumps(RWANDANS))
    assert run("count", str(file)).output == run("count", str(made.pk)).output == "1\n"
    assert run("members", "-", json.dumps(RWANDANS)).output == f"{amina.pk}\n"
    told = run("explain", str(made.pk)).output
    assert "Customers whose country is “Rwanda”." in told and "SELECT" in told
    listed = run("list_", None).output
    assert f"{made.pk}" in listed and "Rwandans" in listed and "Customers whose country is “Rwanda”." in listed


@pytest.mark.parametrize(
    ("what", "stdin", "said"),
    [("999", None, "no segment 999"), ("-", "{", "no JSON"), ("-", '{"all": 3}', "$.all"), ("/nowhere", None, "read")],
)
def test_the_terminal_says_in_one_sentence_what_is_wrong(what, stdin, said):
    answer = run("count", what, stdin)
    assert answer.exit_code == 1 and said in answer.output and "Traceback" not in answer.output
