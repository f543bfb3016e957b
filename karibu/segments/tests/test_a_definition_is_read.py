"""What a definition may say, what is refused and where, and what its parts are."""

import json
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.segments.tests.definitions import SHAPES, definitions

RWANDA = {"trait": "country", "op": "is", "value": "RW"}


def fault(raw: object) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse(raw)
    return str(caught.value)


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES)
def test_every_shape_is_read_and_written_the_same(raw) -> None:
    definition = parse(raw)
    assert parse(definition.raw) == definition
    assert parse(json.loads(json.dumps(definition.raw))).digest == definition.digest
    assert definition.sentence().startswith("Customers ")
    assert definition.sentence().endswith(".")


def test_the_digest_is_that_of_the_meaning_not_of_the_spelling() -> None:
    said = {"event": "Product Viewed", "within": {"days": 3}}
    reordered = {"within": {"days": 3, "hours": 0}, "where": [], "measure": "count", "event": "Product Viewed"}
    assert parse(said).digest == parse(reordered).digest
    assert len(parse(said).digest) == 32
    assert parse(said).digest == parse({**said, "within": {"days": 3, "until_days": 0}}).digest
    assert parse(said).digest != parse({**said, "within": {"days": 4}}).digest
    assert parse(said).digest != parse({**said, "within": {"days": 3, "until_days": 1}}).digest


@pytest.mark.parametrize(
    "within, said",
    [
        ({"days": 60, "until_days": 30}, "between 30 and 60 days ago"),
        ({"hours": 4, "until_hours": 1}, "between 1 and 4 hours ago"),
        ({"days": 2, "until_hours": 1}, "between 1 hour and 2 days ago"),
        ({"days": 1, "hours": 2, "until_days": 1}, "between 1 day and 1 day 2 hours ago"),
    ],
)
def test_a_window_that_is_over_is_said_as_people_say_it(within, said) -> None:
    assert parse({"event": "Order Completed", "within": within}).sentence() == f"Customers who ordered {said}."
    last = {"event": "Order Completed", "measure": "last", "within": within, "not": True}
    assert parse(last).sentence() == f"Customers of whom the last time they ordered was not {said}."


@pytest.mark.parametrize(
    "raw, path",
    [
        ("all", "$"),
        ([], "$"),
        ({"all": RWANDA}, "$.all"),
        ({"all": [RWANDA], "any": [RWANDA]}, "$"),
        ({"not": [RWANDA]}, "$.not"),
        ({"all": [RWANDA, 7]}, "$.all[1]"),
        ({"all": [{"any": [RWANDA, {"trait": "country"}]}]}, "$.all[0].any[1]"),
        ({"trait": "country", "op": "regex", "value": "(a+)+$"}, "$.op"),
        ({"trait": "country", "op": "is"}, "$.value"),
        ({"trait": "country", "op": "is", "value": None}, "$.value"),
        ({"trait": "country", "op": "in", "value": []}, "$.value"),
        ({"trait": "country", "op": "in", "value": ["x"] * 1001}, "$.value"),
        ({"trait": "country", "op": "is", "value": "RW", "extra": 1}, "$"),
        ({"trait": "", "op": "exists"}, "$.trait"),
        ({"trait": "spent", "op": "gte", "value": "100"}, "$.value"),
        ({"trait": "spent", "op": "gte", "value": True}, "$.value"),
        ({"trait": "spent", "op": "between", "value": [2, 1]}, "$.value"),
        ({"trait": "spent", "op": "between", "value": [1, "2026-01-01"]}, "$.value"),
        ({"trait": "born", "op": "before", "value": "2026-02-30"}, "$.value"),
        ({"trait": "born", "op": "before", "value": "20260101"}, "$.value"),
        ({"trait": "born", "op": "before", "value": "٢٠٢٦-٠١-٠١"}, "$.value"),
        ({"trait": "born", "op": "in_last_days", "value": 1.5}, "$.value"),
        ({"trait": "born", "op": "in_last_days", "value": -1}, "$.value"),
        ({"event": ""}, "$.event"),
        ({"event": []}, "$.event"),
        ({"event": "X", "measure": "median:value"}, "$.measure"),
        ({"event": "X", "measure": "sum"}, "$.measure"),
        ({"event": "X", "measure": "first"}, "$"),
        ({"event": "X", "measure": "first", "op": "gte", "value": 3}, "$.op"),
        ({"event": "X", "op": "contains", "value": "a"}, "$.op"),
        ({"event": "X", "op": "gte", "value": "3"}, "$.value"),
        ({"event": "X", "value": 3}, "$.op"),
        ({"event": "X", "within": {"days": 0}}, "$.within"),
        ({"event": "X", "within": {"days": -1}}, "$.within.days"),
        ({"event": "X", "within": {"days": 10**9}}, "$.within.days"),
        ({"event": "X", "within": {"from": "2026-04-31"}}, "$.within.from"),
        ({"event": "X", "within": {"from": "2026-04-02", "to": "2026-04-01"}}, "$.within"),
        ({"event": "X", "within": {"days": 1, "from": "2026-04-02"}}, "$.within"),
        ({"event": "X", "within": {"until_days": 30}}, "$.within"),
        ({"event": "X", "within": {"days": 60, "until_days": -30}}, "$.within.until_days"),
        ({"event": "X", "within": {"days": 60, "until_days": 1.5}}, "$.within.until_days"),
        ({"event": "X", "within": {"days": 60, "until_days": "30"}}, "$.within.until_days"),
        ({"event": "X", "within": {"days": 60, "until_days": 10**9}}, "$.within.until_days"),
        ({"event": "X", "within": {"days": 30, "until_days": 30}}, "$.within.until_days"),
        ({"event": "X", "within": {"days": 1, "until_hours": 24}}, "$.within.until_hours"),
        ({"event": "X", "within": {"from": "2026-04-01", "until_days": 30}}, "$.within"),
        ({"sequence": [{"event": "X"}, {"event": "Y"}], "within": {"days": 3, "until_days": 5}}, "$.within.until_days"),
        (
            {"all": [{"message": {"did": "opened"}, "within": {"hours": 3, "until_hours": 5}}]},
            "$.all[0].within.until_hours",
        ),
        ({"event": "X", "where": [{"property": "a.", "op": "exists"}]}, "$.where[0].property"),
        ({"event": "X", "where": [{"property": "a'b", "op": "exists"}]}, "$.where[0].property"),
        ({"all": [RWANDA, {"event": "X", "where": [{"property": "a", "op": "like"}]}]}, "$.all[1].where[0].op"),
        ({"sequence": [{"event": "X"}]}, "$.sequence"),
        ({"sequence": [{"event": "X", "not": True}, {"event": "Y", "not": True}]}, "$.sequence"),
        ({"sequence": [{"event": "X"}, {"event": ""}]}, "$.sequence[1].event"),
        ({"consent": {"channel": "email", "status": "maybe"}}, "$.consent.status"),
        ({"consent": {"channel": "a/b"}}, "$.consent.channel"),
        ({"message": {"did": "eaten"}}, "$.message.did"),
        ({"rfm": "best"}, "$.rfm"),
        ({"rfm": []}, "$.rfm"),
        ({"prediction": "Churn!", "op": "gte", "value": 1}, "$.prediction"),
        ({"prediction": "churn", "op": "gte", "value": "much"}, "$.value"),
        ({"segment": "3"}, "$.segment"),
        ({"segment": -3}, "$.segment"),
    ],
)
def test_what_is_wrong_is_refused_by_the_place_where_it_stands(raw, path) -> None:
    assert fault(raw).startswith(f"{path}: ")


def test_no_depth_breaks_anything() -> None:
    deep: dict = RWANDA
    for _ in range(20):
        deep = {"not": deep}
    assert parse(deep)
    for levels in (21, 200, 100_000):
        deep = RWANDA
        for _ in range(levels):
            deep = {"all": [deep]}
        assert "nested too deep" in fault(deep)
    values: list = []
    for _ in range(100_000):
        values = [values]
    assert "nested too deep" in fault({"trait": "a", "op": "is", "value": values})


def test_long_names_over_many_values_take_no_memory() -> None:
    deep: dict = {"x": [1] * 20_000}
    for _ in range(30):
        deep = {"k" * 400: deep}
    tracemalloc.start()
    parse(deep)  # a kind of condition that nobody knows
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


def test_no_length_breaks_anything() -> None:
    assert parse({"any": [RWANDA] * 500})
    assert fault({"any": [RWANDA] * 10_000}).startswith("$.any[500]: ")
    assert fault({"any": [{"all": []}] * 10_000}).startswith("$.any[999]: These are too many groups")
    assert "too long" in fault({"trait": "a", "op": "is", "value": "x" * 501})
    assert "too long" in fault({"trait": "a" * 501, "op": "exists"})
    assert "too long" in fault({"all": [[]] * 200_000})


@pytest.mark.parametrize("number", [10**400, -(10**16), float("inf"), float("-inf"), float("nan")])
def test_numbers_that_no_engine_has(number) -> None:
    assert fault({"trait": "a", "op": "gt", "value": number}).startswith("$.value: This number is too large")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_texts_that_no_engine_has(text) -> None:
    assert fault({"trait": "a", "op": "is", "value": text}).startswith("$.value: ")
    assert fault({"all": [{text: 1}]}).startswith("$.all[0]: ")


def test_what_looks_like_a_pattern_is_plain_text() -> None:
    for text in ("(a+)+$", "%", "_", "'; DROP TABLE customers --", "\\"):
        assert parse({"trait": "a", "op": "contains", "value": text}).raw["value"] == text


def test_a_kind_of_a_newer_version_is_unknown_and_says_so() -> None:
    definition = parse({"any": [RWANDA, {"weather": "rain"}]})
    assert definition.unknown == ["this version knows no condition “weather”"]
    assert "“weather”" in definition.sentence()
    assert definition.raw["any"][1] == {"weather": "rain"}


def test_what_its_answer_hangs_on() -> None:
    definition = parse(
        {
            "all": [
                {"event": ["A", "B"], "within": {"days": 30}},
                {"not": {"sequence": [{"event": "C"}, {"event": "A"}], "within": {"hours": 5}}},
                {"event": "D", "within": {"from": "2026-01-01"}},
                {"message": {"did": "opened"}, "within": {"days": 60, "until_days": 30}},
                {"trait": "birthday", "op": "anniversary_in_days", "value": 7},
                {"consent": {"channel": "email"}},
                {"prediction": "churn", "op": "gt", "value": 0.5},
                {"segment": 9},
            ]
        }
    )
    needs = definition.needs
    assert needs.events == {"A", "B", "C", "D", "Message Opened"}
    assert needs.columns == {"birthday", "consents", "p_churn"}
    assert needs.segments == {9}
    assert needs.windows == (timedelta(hours=5), timedelta(days=30), timedelta(days=60))
    assert needs.dates
    assert not parse(RWANDA).needs.dates
    lately = {"property": "sent on", "op": "in_last_days", "value": 1}
    assert parse({"event": "A", "where": [lately]}).needs.dates
    assert parse({"sequence": [{"event": "A"}, {"event": "B", "where": [lately]}]}).needs.dates


class TestOtherSegments:
    def resolved(self, raw: dict, **others: dict | None) -> Definition:
        return parse(raw).resolved(lambda number: others.get(f"s{number}"))

    def test_take_the_place_of_their_names(self) -> None:
        found = self.resolved({"not": {"segment": 1}}, s1={"any": [RWANDA, {"segment": 2}]}, s2={"rfm": "lost"})
        assert found.raw == {"not": {"any": [RWANDA, {"rfm": "lost"}]}}

    def test_that_are_gone_or_cannot_be_read_are_unknown(self) -> None:
        found = self.resolved({"any": [{"segment": 1}, {"segment": 2}]}, s2={"all": 7})
        assert found.unknown == ["there is no segment 1 any more", "the definition of segment 2 cannot be read"]
        assert found.raw == {"any": [{"segment": 1}, {"segment": 2}]}

    def test_may_not_contain_themselves(self) -> None:
        with pytest.raises(DefinitionError) as caught:
            self.resolved({"all": [RWANDA, {"segment": 1}]}, s1={"not": {"segment": 2}}, s2={"any": [{"segment": 1}]})
        assert str(caught.value) == "$.all[1].not.any[0].segment: This segment contains itself: 1 → 2 → 1."

    def test_may_not_grow_without_end(self) -> None:
        """Each names the next one twice: thirty segments would be a thousand million conditions."""
        others = {f"s{n}": {"all": [{"segment": n + 1}, {"segment": n + 1}]} for n in range(1, 30)}
        with pytest.raises(DefinitionError, match="too many conditions"):
            self.resolved({"segment": 1}, **others, s30=RWANDA)

    def test_may_not_grow_deeper_than_can_be_asked(self) -> None:
        others = {f"s{n}": {"not": {"segment": n + 1}} for n in range(1, 500)}
        with pytest.raises(DefinitionError, match="too deep"):
            self.resolved({"segment": 1}, **others, s500=RWANDA)

    def test_each_is_looked_up_once(self) -> None:
        asked: list[int] = []
        parse({"all": [{"segment": 5}] * 9}).resolved(lambda number: asked.append(number) or RWANDA)
        assert asked == [5]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["is", "X", "gte"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "trait", "event", "op", "value", "where", "within", "days", "rfm"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_whatever_comes_is_read_or_refused(raw) -> None:
    try:
        definition = parse(raw)
    except DefinitionError as error:
        assert error.path.startswith("$")
    else:
        assert definition.sentence()


@given(definitions())
def test_every_definition_comes_back_as_it_was(raw) -> None:
    definition = parse(raw)
    assert parse(definition.raw).digest == definition.digest
    assert definition.sentence().endswith(".")


def test_what_goes_without_saying_is_left_out_wherever_its_text_comes_from() -> None:
    said = """{"all": [
        {"event": "a", "measure": "count", "op": "gte", "value": 2, "where": [], "not": false},
        {"consent": {"channel": "email", "topic": "offers", "status": "given"}}]}"""
    short = {"all": [{"event": "a", "op": "gte", "value": 2}, {"consent": {"channel": "email"}}]}
    assert parse(json.loads(said)).raw == short
    assert parse(json.loads(said)).digest == parse(short).digest


@pytest.mark.parametrize(("op", "words"), [("exists", "with any coupon"), ("missing", "with no coupon")])
def test_a_property_that_is_there_or_not_is_said_as_people_say_it(op: str, words: str) -> None:
    asked = {"event": "Order Completed", "where": [{"property": "coupon", "op": op}]}
    assert words in parse({"all": [asked]}).sentence()
