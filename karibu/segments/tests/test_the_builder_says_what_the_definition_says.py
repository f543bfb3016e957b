"""What the builder shows and posts back is the definition that it was given; nothing is lost, whatever it says."""

from typing import Any

import pytest
from django.http import QueryDict

from karibu.segments.builder import checked, posted, rows, shown, tree
from karibu.segments.builder.controls import Control
from karibu.segments.builder.known import Known, Trait
from karibu.segments.builder.shown import ShownGroup, ShownRow
from karibu.segments.definition import parse
from karibu.segments.recipes import RECIPES

BUYS = "Order Completed"
SHOES = {"property": "category", "op": "is", "value": "Shoes"}
CONDITIONS: list[dict[str, Any]] = [
    {"trait": "country", "op": "is", "value": "RW"},
    {"trait": "country", "op": "in", "value": ["RW", "KE", "a, b"]},
    {"trait": "size", "op": "not_in", "value": ["44", "a, b"]},
    {"trait": "email", "op": "exists"},
    {"trait": "orders", "op": "between", "value": [2, 5]},
    {"trait": "spent", "op": "gte", "value": 99.5},
    {"trait": "is_anonymous", "op": "is", "value": True},
    {"trait": "created_at", "op": "in_last_days", "value": 30},
    {"trait": "created_at", "op": "between", "value": ["2026-01-01", "2026-02-01"]},
    {"trait": "birthday", "op": "anniversary_in_days", "value": 7},
    {"event": "Product Viewed"},
    {"event": "Product Viewed", "where": [SHOES, {"property": "price", "op": "gt", "value": 20}]},
    {"event": "Product Viewed", "op": "gte", "value": 3, "within": {"days": 30}},
    {"event": "Product Viewed", "op": "between", "value": [1, 2], "within": {"hours": 12}},
    {"event": "Product Viewed", "within": {"days": 60, "until_days": 30}},
    {"event": "Product Viewed", "op": "gte", "value": 2, "within": {"hours": 4, "until_hours": 1}},
    {"event": "Product Viewed", "within": {"from": "2026-01-01", "to": "2026-01-31"}, "not": True},
    {"event": BUYS, "measure": "sum:value", "op": "gt", "value": 100},
    {"event": BUYS, "measure": "distinct:category", "op": "gte", "value": 2},
    {"event": BUYS, "measure": "first", "op": "in_last_days", "value": 30},
    {"event": BUYS, "measure": "last", "op": "before", "value": "2026-01-01"},
    {"event": BUYS, "where": [{"property": "product_id", "op": "is", "value": "kiondo-bag"}], "not": True},
    {"message": {"did": "clicked"}, "within": {"days": 7}},
    {"message": {"did": "opened", "journey": 3}, "within": {"days": 9, "until_days": 2}, "not": True},
    {"message": {"did": "received", "template": 2}},
    {"message": {"did": "bounced", "channel": "email"}},
    {"consent": {"channel": "email"}},
    {"consent": {"channel": "ads", "topic": "news", "status": "withdrawn"}},
    {"consent": {"channel": "sms", "topic": "offers", "status": "never"}},
    {"rfm": "champions"},
    {"rfm": ["champions", "loyal"]},
    {"prediction": "churn", "op": "gte", "value": 0.7},
    {"segment": 7},
    {"sequence": [{"event": "Product Added"}, {"event": BUYS, "not": True}], "within": {"days": 7}},
    {"sequence": [{"event": "Product Viewed", "where": [SHOES]}, {"event": "Product Added"}]},
    {"sequence": [{"event": "Product Viewed"}, {"event": BUYS}], "within": {"days": 60, "until_days": 30}},
]
# What no row can show is kept to the letter.
WRITTEN: list[dict[str, Any]] = [
    {"event": ["Product Viewed", "Product Added"]},
    {"event": BUYS, "measure": "first", "within": {"days": 30}},
    {"event": BUYS, "within": {"days": 1, "hours": 2}},
    {"event": BUYS, "within": {"days": 2, "until_hours": 12}},
    {"event": BUYS, "within": {"from": "2026-01-01"}},
    {"message": {"did": "clicked"}, "op": "gte", "value": 2},
    {"moon": "full"},
    {"sequence": [{"event": "Product Viewed"}, {"event": "Product Added"}], "not": True},
    {"sequence": [{"event": ["a", "b"]}, {"event": "c"}]},
]
GROUPS: list[dict[str, Any]] = [
    {"all": [CONDITIONS[0], {"any": [CONDITIONS[10], {"all": [CONDITIONS[3], CONDITIONS[4]]}]}]},
    {"not": {"any": [CONDITIONS[0], CONDITIONS[1]]}},
    {"all": [{"not": CONDITIONS[0]}, {"not": {"all": [CONDITIONS[3], CONDITIONS[4]]}}]},
    {"all": [{"not": {"not": CONDITIONS[0]}}]},
]


class Offline(Known):
    """Knows the kinds of the traits above, and nothing of any data."""

    KINDS = {"orders": "number", "spent": "number", "is_anonymous": "truth", "created_at": "date", "birthday": "date"}

    def trait(self, name: str) -> Trait:
        choices = [("RW", "Rwanda"), ("KE", "Kenya")] if name == "country" else []
        return Trait(name, name, self.KINDS.get(name, "text"), choices=choices)

    def _nothing(self, *_: Any) -> Any:
        return []

    trait_groups = event_groups = property_groups = message_groups = channels = topics = segments = _nothing
    predictions = product_name = said = hints = _nothing


def form_of(group: ShownGroup) -> QueryDict:
    """What a browser would send of the page that shows `group`."""
    form = QueryDict(mutable=True)
    _fill(form, group)
    return form


def _fill(form: QueryDict, node: ShownGroup | ShownRow) -> None:
    if isinstance(node, ShownGroup):
        form[f"{node.path}.is"] = node.group.op
        for child in node.children:
            _fill(form, child)
        controls = [*node.controls]
    else:
        form[f"{node.path}.kind"] = node.row.kind
        controls = [*node.controls, *(control for one in node.filters for control in one)]
    for control in controls:
        _put(form, f"{node.path}.{control.name}", control)


def _put(form: QueryDict, name: str, control: Control) -> None:
    if control.kind == "many":
        offered = {str(key) for _head, options in control.groups for key, _text in options}
        form.setlist(name, [value for value in control.values if value in offered or not offered])
    elif control.kind != "words":
        form[name] = control.value


@pytest.fixture
def known() -> Known:
    return Offline()


def said(definition: dict[str, Any]) -> dict[str, Any]:
    """The canonical form, with one group around a single condition."""
    raw = parse(definition).raw
    return raw if len(raw) == 1 and set(raw) <= {"all", "any", "not"} else {"all": [raw]}


@pytest.mark.parametrize("definition", [*CONDITIONS, *WRITTEN, *GROUPS], ids=str)
def test_what_is_read_is_written_the_same(definition: dict[str, Any]) -> None:
    group = tree.read(parse(definition).raw)
    assert parse(tree.write(group)).raw == said(definition)


@pytest.mark.parametrize("definition", CONDITIONS, ids=str)
def test_every_condition_has_a_row_of_its_own(definition: dict[str, Any]) -> None:
    group = tree.read(parse(definition).raw)
    assert not [node for node in tree.nodes(group) if isinstance(node, tree.Row) and node.kind == "written"]


@pytest.mark.parametrize("definition", WRITTEN, ids=str)
def test_what_no_row_can_show_stays_as_it_is_written(definition: dict[str, Any]) -> None:
    group = tree.read(parse(definition).raw)
    assert [node for node in tree.nodes(group) if isinstance(node, tree.Row) and node.kind == "written"]


@pytest.mark.parametrize("definition", [*CONDITIONS, *WRITTEN, *GROUPS], ids=str)
def test_a_page_that_is_sent_unchanged_says_the_same(definition: dict[str, Any], known: Known) -> None:
    drawn = shown.shown(tree.read(parse(definition).raw), known)
    group = posted.read(form_of(drawn), known)
    checked.check(group)
    assert checked.faults(group) == 0
    assert parse(tree.write(group)).raw == said(definition)


@pytest.mark.parametrize("key", [key for key in RECIPES if key != "big-spenders"])
def test_every_recipe_can_be_edited_row_by_row(key: str) -> None:
    group = tree.read(parse(RECIPES[key].definition()).raw)
    assert all(node.kind != "written" for node in tree.nodes(group) if isinstance(node, tree.Row))


def test_a_row_of_each_kind_has_controls_before_anything_was_chosen(known: Known) -> None:
    for kind in rows.ROWS:
        assert rows.controls(tree.Row(kind), known), kind


def test_the_two_ends_of_a_time_that_is_over_may_be_typed_either_way_round() -> None:
    row = tree.Row("event", {"event": BUYS, "span": "days ago", "until": "60", "length": "30"})
    assert rows.write(row)["within"] == {"days": 60, "until_days": 30}


def test_buttons_add_take_out_and_copy() -> None:
    group = tree.numbered(tree.Group("all", [tree.Row("trait", {"trait": "country"}), tree.Row("event")]))
    group = posted.do(group, "where:r_1")
    group = posted.do(group, "where:r_1")
    group = posted.do(group, "unwhere:r_1:0")
    group = posted.do(group, "group:r")
    group = posted.do(group, "row:r_2")
    group = posted.do(group, "copy:r_0")
    assert [node.path for node in tree.nodes(group)] == ["r", "r_0", "r_1", "r_2", "r_3", "r_3_0", "r_3_1"]
    assert [one.get("trait") for one in group.children[:2]] == ["country", "country"]
    assert len(group.children[2].where) == 1  # type: ignore[union-attr]
    group = posted.do(posted.do(group, "remove:r_3"), "remove:r_0")
    assert [node.path for node in tree.nodes(group)] == ["r", "r_0", "r_1"]


@pytest.mark.parametrize(
    "deed", ["remove:r", "remove:r_9", "unwhere:r_0:5", "explode:r_0", "row:", "", "remove:../etc"]
)
def test_a_button_that_there_is_not_changes_nothing(deed: str) -> None:
    group = tree.numbered(tree.Group("all", [tree.Row("trait")]))
    assert posted.do(group, deed) == tree.numbered(tree.Group("all", [tree.Row("trait")]))


def test_nesting_ends_where_definitions_end() -> None:
    group, path = tree.numbered(tree.Group("all", [tree.Row("trait", {"trait": "email", "op": "exists"})])), "r"
    with pytest.raises(posted.TooMuch):
        for _ in range(30):
            group = posted.do(group, f"group:{path}")
            path = f"{path}_1"
    for node in tree.nodes(group):
        if isinstance(node, tree.Row):
            node.fields |= {"trait": "email", "op": "exists"}
    parse(tree.write(group))


def test_faults_stand_at_their_rows_and_do_not_hide_the_others() -> None:
    group = tree.numbered(
        tree.Group(
            "all",
            [
                tree.Row("trait", {"trait": "country", "op": "is"}),
                tree.Row("trait", {"trait": "email", "op": "exists"}),
                tree.Group("any", []),
                tree.Group(
                    "then", [tree.Row("event", {"event": "a"}), tree.Row("trait", {"trait": "x", "op": "exists"})]
                ),
            ],
        )
    )
    checked.check(group)
    wrong = {node.path: bool(node.wrong) for node in tree.nodes(group)}
    assert wrong == {"r": False, "r_0": True, "r_1": False, "r_2": True, "r_3": False, "r_3_0": False, "r_3_1": True}
    assert checked.faults(group) == 3
    sound = checked.sound(group)
    assert sound is not None and sound.raw == {"all": [{"trait": "email", "op": "exists"}]}
