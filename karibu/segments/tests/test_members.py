"""The members of every shape of definition are those that plain Python finds."""

import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import duckdb as duckdb_itself
import pytest
from django.db import transaction
from hypothesis import given, settings

from karibu.customers.models import Customer
from karibu.events import engine
from karibu.segments import compile, engines, marks, run, together
from karibu.segments.definition import Definition, parse
from karibu.segments.engines import duckdb
from karibu.segments.faults import DefinitionError
from karibu.segments.models import Segment
from karibu.segments.tests.definitions import SHAPES, definitions
from karibu.segments.tests.reference import Reference
from karibu.segments.tests.shoppers import NOW, fill, predicting, reference
from karibu.web.models import Shop

_SLOW = "SELECT count(*) FROM range(10_000_000) a, range(100_000) b WHERE hash(a.range, b.range) = 7"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shop(django_db_setup, django_db_blocker, tmp_path_factory):
    """One shop for all tests of this module, which change nothing; taken back afterwards."""
    from django.conf import settings as configured

    before, configured.KARIBU_LAKE_URL = configured.KARIBU_LAKE_URL, str(tmp_path_factory.mktemp("shop") / "lake")
    with django_db_blocker.unblock(), predicting(), transaction.atomic():
        fill()
        yield reference()
        transaction.set_rollback(True)
    configured.KARIBU_LAKE_URL = before


def ids(definition: Definition, **keywords) -> list[int]:
    return run.members(definition, now=NOW, **keywords)["id"].to_pylist()


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_every_shape_finds_who_is_meant(shop: Reference, raw) -> None:
    definition = parse(raw)
    found = ids(definition)
    assert found == shop.members(raw)
    assert run.count(definition, now=NOW) == len(found)
    if "not" not in str(raw) and "weather" not in str(raw) and raw != {"any": []}:
        assert found, "nobody: this shape shows nothing"
        everybody = len(shop.customers)
        assert len(found) < everybody or raw == {"all": []}


def test_the_few_who_were_touched_are_judged_as_they_are_among_all(shop: Reference) -> None:
    few = [row["id"] for row in shop.customers[::3]] + [404]
    found = run.members_of_each([parse(raw) for raw in SHAPES.values()], now=NOW, among=few)
    for raw, table in zip(SHAPES.values(), found, strict=True):
        assert table["id"].to_pylist() == [n for n in shop.members(raw) if n in few]


def test_of_a_few_one_walk_over_what_they_did_answers_most_shapes(shop: Reference) -> None:
    """What is left is asked apart: how many different values, and several steps in order."""
    definitions = [parse(raw) for raw in SHAPES.values()]
    found = run._compiled(definitions, engines.embedded(), NOW, of_a_few=True)
    assert all(compiled.gathered for compiled in found)
    apart = {name for name, compiled in zip(SHAPES, found, strict=True) if compiled.gathered.apart}
    different = {"variety", "variety of items", "variety of prices", "variety of a property"}
    assert apart == {*different, "three steps", "four steps", "not between"}


def test_many_conditions_on_what_people_did_are_asked_some_at_a_time(shop: Reference) -> None:
    viewed = [
        {"event": "Product Viewed", "where": [{"property": "product", "op": "is", "value": f"p-{n}"}]}
        for n in range(40)
    ]
    raw = {"any": [*viewed[2:], {"trait": "city", "op": "exists"}, {"not": {"event": ["Order Completed", "It's"]}}]}
    said = run.explain(parse(raw), now=NOW).sql.split(";\n")
    assert len(said) == 1 + 39 // marks.SOME + 1 and "events" in said[0] and "events" not in said[-1]
    assert ids(parse(raw)) == shop.members(raw)
    alike = parse({"not": raw})
    both = run.members_of_each([parse(raw), alike], now=NOW)
    assert [len(each) for each in both] == [len(shop.members(raw)), len(shop.customers) - len(shop.members(raw))]


def test_so_are_those_that_no_walk_over_it_could_answer(shop: Reference) -> None:
    viewed = {"event": "Product Viewed", "op": "gte"}
    steps = [{"event": "Product Viewed"}, {"event": "Product Added"}, {"event": "Order Completed"}]
    raws = [{**viewed, "measure": "distinct:product", "value": 2, "within": {"days": n}} for n in range(40, 52)]
    raws += [{"sequence": steps, "within": {"days": n}, "not": n % 2 == 0} for n in range(20, 26)]
    raws += [{**viewed, "value": 9, "within": {"days": n}} for n in range(60, 66)]
    raw = {"any": [{"all": raws[:12]}, {"all": raws[12:16]}, {"not": {"any": [raws[0], *raws[13:]]}}]}
    everybody = shop.members(raw)
    assert ids(parse(raw)) == everybody and 0 < len(everybody) < len(shop.customers)
    assert ids(parse(raw), among=everybody[:7]) == everybody[:7]
    few = run.members_of_each([parse(raw), parse({"not": raw})], now=NOW, among=[c["id"] for c in shop.customers])
    assert few[0]["id"].to_pylist() == everybody and few[1].num_rows == len(shop.customers) - len(everybody)


def test_what_needs_more_memory_than_there_is_says_so() -> None:
    small = duckdb_itself.connect(config={"memory_limit": "2MB", "temp_directory": "", "threads": 1})
    with pytest.raises(run.TooLarge), run.cancelling("somebody"):
        small.execute("SELECT count(*) FROM (SELECT DISTINCT range FROM range(1_000_000))").fetchall()


def test_what_is_remembered_of_long_definitions_has_an_end(shop: Reference, monkeypatch) -> None:
    monkeypatch.setattr(compile, "ROOM", 10_000)
    for n in range(5):
        ids(parse({"any": [{"trait": "city", "op": "contains", "value": f"{n} {m}"} for m in range(100)]}))
    assert 1 <= len(compile._known) <= 2


def test_every_shape_finds_the_same_where_it_is_asked_so(shop: Reference, monkeypatch) -> None:
    monkeypatch.setattr(compile, "MANY", 0)
    for raw in SHAPES.values():
        assert ids(parse({"all": [raw]})) == shop.members(raw)


def test_nobody_is_among_nobody(shop: Reference) -> None:
    assert ids(parse({"not": {"event": "Product Viewed"}}), among=[]) == []


def test_a_sample_is_of_members_and_stays_the_same(shop: Reference) -> None:
    definition = parse({"event": "Product Viewed"})
    everybody = ids(definition)
    some = run.sample(definition, 5, now=NOW)
    assert len(set(some)) == 5 and set(some) < set(everybody)
    assert run.sample(definition, 5, now=NOW) == some
    assert run.count_and_sample(definition, 5, now=NOW) == (len(everybody), some)
    assert run.count_and_sample(parse({"any": []}), 5, now=NOW) == (0, [])


def test_what_an_explanation_says(shop: Reference) -> None:
    definition = parse({"event": "Order Completed", "within": {"days": 30}})
    said = run.explain(definition, now=NOW)
    assert said.size == len(ids(definition))
    assert said.sentence == "Customers who ordered in the last 30 days."
    assert "'Order Completed'" in said.sql and "events" in said.sql
    assert "Order Completed" in said.plan and said.took > 0
    assert said.engine == "duckdb"


def test_a_moment_without_a_zone_is_refused(shop: Reference) -> None:
    with pytest.raises(ValueError, match="zone"):
        run.count(parse({"all": []}), now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Havana"])
def test_days_are_those_of_the_shops_zone(shop: Reference, zone: str) -> None:
    Shop.objects.update(timezone=zone)
    moved = reference(zone=ZoneInfo(zone))
    for name in ("did between days", "last long ago", "birthday this week", "between days", "anniversary of a time"):
        assert ids(parse(SHAPES[name])) == moved.members(SHAPES[name])


def test_at_another_time_others_are_meant(shop: Reference) -> None:
    for days in (-30, 3, 40):
        now = NOW + timedelta(days=days)
        then = reference(now)
        for name in ("did", "did lately", "did not", "then not", "first lately", "last long ago", "birthday this week"):
            assert run.members(parse(SHAPES[name]), now=now)["id"].to_pylist() == then.members(SHAPES[name])


def test_a_question_withdrawn_ends_and_the_next_one_is_answered(shop: Reference) -> None:
    """Some seconds of work, unless somebody asks under the same key."""
    begun, ended = threading.Event(), list[str]()
    with engine.cursor() as cursor:
        slow = duckdb.Session(cursor, NOW)

        def preview() -> None:
            with run.cancelling("7", 5):
                ticket = run._ticket.get()
                assert ticket
                try:
                    with ticket.held(slow):
                        begun.set()
                        slow.table(_SLOW)
                except run.Cancelled:
                    ended.append("withdrawn")

        asking = threading.Thread(target=preview)
        asking.start()
        assert begun.wait(60)
        with run.cancelling("other", 6):
            assert not ended
        with pytest.raises(run.Cancelled), run.cancelling("7", 4):  # was asked before it, and came later
            pass
        assert not ended
        with run.cancelling("7", 6):
            assert run.count(parse({"event": "Product Viewed"}), now=NOW) > 0
        asking.join(60)
    assert ended == ["withdrawn"]
    assert not run._tickets


class TestSegmentsInside:
    def segment(self, definition: dict, **said) -> int:
        now = {"created_at": NOW, "updated_at": NOW, "created_by": "test"}
        return Segment.objects.create(name="Inner", definition=definition, **{**now, **said}).pk

    def test_stand_for_their_definitions(self, shop: Reference) -> None:
        inner = {"trait": "country", "op": "is", "value": "RW"}
        definition = run.resolve(parse({"not": {"segment": self.segment(inner)}}))
        assert ids(definition) == shop.members({"not": inner})

    def test_are_unknown_when_they_are_archived(self, shop: Reference) -> None:
        gone = {"segment": self.segment({"all": []}, archived_at=NOW)}
        bought = {"event": "Order Completed"}
        for raw in (gone, {"not": gone}, {"all": [bought, gone]}, {"not": {"all": [gone]}}):
            assert ids(run.resolve(parse(raw))) == []
        assert ids(run.resolve(parse({"any": [gone, bought]}))) == shop.members(bought)
        assert ids(run.resolve(parse({"not": {"all": [gone, bought]}}))) == shop.members({"not": bought})

    def test_in_a_circle_are_refused(self, shop: Reference) -> None:
        one = self.segment({"all": []})
        Segment.objects.filter(pk=one).update(definition={"not": {"segment": one}})
        with pytest.raises(DefinitionError, match="contains itself"):
            run.resolve(parse({"segment": one}))


@pytest.mark.slow
@settings(max_examples=60)
@given(definitions())
def test_whatever_is_asked_the_members_are_those_of_the_reference(shop: Reference, raw) -> None:
    assert ids(parse(raw)) == shop.members(raw)
    few = [row["id"] for row in shop.customers[::2]]
    found, everybody = run.members_of_each([parse(raw), parse({"all": []})], now=NOW, among=few)
    assert found["id"].to_pylist() == [n for n in shop.members(raw) if n in few]
    assert everybody["id"].to_pylist() == few
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compile, "MANY", 0)
        assert ids(parse({"all": [raw, {"all": []}]})) == shop.members(raw)


@pytest.mark.parametrize("city", ["Νίκος", "ΝΊΚΟΣ", "İzmir", "ÉVORA"])
def test_small_and_capital_letters_are_alike_in_every_alphabet(shop: Reference, city: str) -> None:
    one = Customer.objects.create(city=city, created_at=NOW).pk
    asked = {"Νίκος": ["ΝΊΚΟΣ", "νίκο"], "ΝΊΚΟΣ": ["νίκος", "νίκοσ"], "İzmir": ["İZ", "izm"], "ÉVORA": ["évo"]}
    for part in asked[city]:
        for op in ("contains", "starts_with"):
            assert ids(parse({"trait": "city", "op": op, "value": part})) == [one]
    assert ids(parse({"trait": "city", "op": "contains", "value": "ό"})) == []


def test_members_come_in_order_also_while_some_have_changed(shop: Reference) -> None:
    everybody = ids(parse({"all": []}))
    Customer.objects.filter(pk=everybody[0]).update(city="Huye")
    assert ids(parse({"all": []})) == everybody
    assert ids(parse({"trait": "city", "op": "is", "value": "Huye"})) == [everybody[0]]


def test_members_come_in_order_however_many_they_are():
    with engine.cursor() as cursor:
        many = "SELECT id FROM (SELECT range * 7919 % 1000003 AS id FROM range(600000)) ORDER BY id"
        found = duckdb.Session(cursor, NOW).table(many)["id"].to_pylist()
    assert found == sorted(found)


def test_a_long_definition_is_written_as_an_expression_once(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    often = [{"event": "Page Viewed", "op": "gte", "value": n} for n in range(1, compile.MANY + 2)]
    whole, written = together.gathered, []
    monkeypatch.setattr(together, "gathered", lambda *asked: written.append(asked) or whole(*asked))

    run.understand([parse({"all": often})], NOW)

    assert len(written) == 1
