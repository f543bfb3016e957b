"""Definitions for tests: one of every shape, and hypothesis's."""

from typing import Any

from hypothesis import strategies as st

Raw = dict[str, Any]

SHAPES: dict[str, Raw] = {
    "trait is": {"trait": "country", "op": "is", "value": "RW"},
    "trait is not": {"trait": "country", "op": "is_not", "value": "RW"},
    "trait in": {"trait": "country", "op": "in", "value": ["RW", "KE"]},
    "trait not in": {"trait": "country", "op": "not_in", "value": ["RW", "KE"]},
    "trait contains": {"trait": "email", "op": "contains", "value": "@EXAMPLE.com"},
    "trait starts with": {"trait": "name", "op": "starts_with", "value": "ami"},
    "trait exists": {"trait": "city", "op": "exists"},
    "trait missing": {"trait": "city", "op": "missing"},
    "money at least": {"trait": "spent", "op": "gte", "value": 54.9},
    "money between": {"trait": "spent", "op": "between", "value": [10, 100.005]},
    "number of orders": {"trait": "orders", "op": "lt", "value": 1.5},
    "yes or no": {"trait": "is_anonymous", "op": "is", "value": True},
    "day of a time": {"trait": "last_order_at", "op": "in_last_days", "value": 30},
    "day of a time not lately": {"trait": "last_order_at", "op": "not_in_last_days", "value": 30},
    "before a day": {"trait": "created_at", "op": "before", "value": "2026-11-01"},
    "after a day": {"trait": "created_at", "op": "after", "value": "2026-10-31"},
    "between days": {"trait": "created_at", "op": "between", "value": ["2026-10-01", "2026-11-19"]},
    "anniversary of a time": {"trait": "created_at", "op": "anniversary_in_days", "value": 20},
    "own trait is": {"trait": "Size", "op": "is", "value": "M"},
    "own trait is a number": {"trait": "Size", "op": "is", "value": 42},
    "own trait above": {"trait": "Size", "op": "gt", "value": 39.5},
    "own trait in": {"trait": "Size", "op": "in", "value": [42, "M"]},
    "birthday this week": {"trait": "birthday", "op": "anniversary_in_days", "value": 7},
    "birthday before": {"trait": "birthday", "op": "before", "value": "1990-01-01"},
    "list trait contains": {"trait": "tags", "op": "contains", "value": "vip"},
    "suppressed": {"trait": "suppressed", "op": "contains", "value": "email"},
    "trait nobody has": {"trait": "shoe colour", "op": "is_not", "value": "red"},
    "did": {"event": "Product Viewed"},
    "did not": {"event": "Product Viewed", "not": True},
    "did lately": {"event": "Product Viewed", "within": {"days": 30}},
    "did in the last hours": {"event": "Product Viewed", "within": {"hours": 36}},
    "did between days": {"event": "Product Viewed", "within": {"from": "2026-11-01", "to": "2026-11-18"}},
    "did some time ago": {"event": "Product Viewed", "within": {"days": 60, "until_days": 30}},
    "did not some time ago": {
        "event": ["Order Completed", "Product Added"],
        "within": {"days": 60, "until_hours": 36},
        "not": True,
    },
    "spent some time ago": {
        "event": "Order Completed",
        "measure": "sum:value",
        "op": "gte",
        "value": 50,
        "within": {"days": 60, "until_days": 1},
    },
    "last some time ago": {
        "event": "Order Completed",
        "measure": "last",
        "within": {"days": 30, "hours": 1, "until_hours": 36},
    },
    "did one of several": {"event": ["Product Added", "Checkout Started"], "within": {"days": 60}},
    "viewed shoes often": {
        "event": "Product Viewed",
        "where": [{"property": "category", "op": "is", "value": "Shoes"}],
        "op": "gte",
        "value": 2,
        "within": {"days": 30},
    },
    "fewer than": {"event": "Product Viewed", "op": "lt", "value": 2},
    "not exactly": {"event": "Product Viewed", "op": "is_not", "value": 2},
    "between times": {"event": "Product Viewed", "op": "between", "value": [1, 2]},
    "spent lately": {"event": "Order Completed", "measure": "sum:value", "op": "gte", "value": 100},
    "spent little": {"event": "Order Completed", "measure": "sum:value", "op": "lte", "value": 60},
    "sum of a property": {"event": "Game Played", "measure": "sum:points.won", "op": "gt", "value": 10.5},
    "variety": {"event": "Product Viewed", "measure": "distinct:product", "op": "gte", "value": 2},
    "variety of items": {"event": "Order Completed", "measure": "distinct:product_id", "op": "gte", "value": 3},
    "variety of prices": {"event": "Order Completed", "measure": "distinct:price", "within": {"days": 1}},
    "variety of a property": {"event": "Game Played", "measure": "distinct:game", "op": "lt", "value": 2},
    "first lately": {"event": "Order Completed", "measure": "first", "within": {"days": 30}},
    "last long ago": {"event": "Order Completed", "measure": "last", "op": "not_in_last_days", "value": 30},
    "first before": {"event": "Order Completed", "measure": "first", "op": "before", "value": "2026-11-01"},
    "bought a brand": {
        "event": "Order Completed",
        "where": [{"property": "brand", "op": "is", "value": "Inzuki"}],
    },
    "never bought a category": {
        "event": "Order Completed",
        "where": [{"property": "category", "op": "in", "value": ["Baskets", "Toys"]}],
        "not": True,
    },
    "bought something dear": {
        "event": "Order Completed",
        "where": [{"property": "price", "op": "gte", "value": 50}, {"property": "quantity", "op": "lte", "value": 2}],
    },
    "an order worth": {"event": "Order Completed", "where": [{"property": "value", "op": "gt", "value": 99.99999}]},
    "without a coupon": {"event": "Order Completed", "where": [{"property": "coupon", "op": "missing"}]},
    "not this coupon": {"event": "Order Completed", "where": [{"property": "coupon", "op": "is_not", "value": "TEN"}]},
    "searched": {"event": "Products Searched", "where": [{"property": "query", "op": "contains", "value": "Sho"}]},
    "a property of its own": {"event": "Game Played", "where": [{"property": "game", "op": "is", "value": "Bao"}]},
    "a property inside": {"event": "Game Played", "where": [{"property": "points.won", "op": "gte", "value": 7}]},
    "a property in a list": {"event": "Game Played", "where": [{"property": "game.0", "op": "missing"}]},
    "a text that an engine might replace": {"not": {"trait": "name", "op": "starts_with", "value": "${x}"}},
    "a property that is a day": {
        "event": "Game Played",
        "where": [{"property": "on", "op": "after", "value": "2026-11-01"}],
    },
    "from a campaign": {"event": "Page Viewed", "where": [{"property": "utm_source", "op": "exists"}]},
    "then": {"sequence": [{"event": "Product Viewed"}, {"event": "Order Completed"}]},
    "then not some time ago": {
        "sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": True}],
        "within": {"days": 60, "until_days": 30},
    },
    "three steps": {
        "sequence": [
            {"event": "Product Viewed"},
            {"event": ["Product Added", "Game Played"]},
            {"event": "Order Completed"},
        ],
        "within": {"days": 60},
    },
    "then not": {
        "sequence": [{"event": "Product Added"}, {"event": "Order Completed", "not": True}],
        "within": {"days": 30},
    },
    "not before": {"sequence": [{"event": "Product Viewed", "not": True}, {"event": "Order Completed"}]},
    "not between": {
        "sequence": [
            {"event": "Product Viewed"},
            {"event": "Checkout Started", "not": True},
            {"event": "Order Completed"},
        ]
    },
    "four steps": {
        "sequence": [
            {"event": "Product Viewed", "where": [{"property": "category", "op": "is", "value": "Shoes"}]},
            {"event": ["Product Added", "Checkout Started"]},
            {"event": "Order Completed"},
            {"event": "Order Refunded", "not": True},
        ],
        "within": {"days": 90},
    },
    "never then": {"sequence": [{"event": "Product Viewed"}, {"event": "Order Completed"}], "not": True},
    "consent given": {"consent": {"channel": "email", "topic": "offers", "status": "given"}},
    "consent withdrawn": {"consent": {"channel": "email", "status": "withdrawn"}},
    "consent never asked": {"consent": {"channel": "email", "status": "never"}},
    "consent asked": {"not": {"consent": {"channel": "email", "topic": "news", "status": "never"}}},
    "message clicked": {"message": {"journey": 3, "did": "clicked"}, "within": {"days": 60}},
    "message opened some time ago": {"message": {"did": "opened"}, "within": {"days": 60, "until_days": 30}},
    "message not opened": {"message": {"template": 1, "did": "opened"}, "not": True},
    "messages received": {"message": {"did": "received"}, "op": "gte", "value": 2},
    "rfm": {"rfm": "champions"},
    "rfm one of": {"rfm": ["loyal", "at_risk"]},
    "prediction": {"prediction": "churn", "op": "gte", "value": 0.7},
    "prediction of nobody": {"not": {"prediction": "weather", "op": "gte", "value": 0.7}},
    "segment that is gone": {"not": {"segment": 404}},
    "of a newer version": {"not": {"weather": "rain"}},
    "everybody": {"all": []},
    "nobody": {"any": []},
    "all": {"all": [{"trait": "country", "op": "is", "value": "RW"}, {"event": "Order Completed"}]},
    "any": {"any": [{"trait": "country", "op": "is", "value": "RW"}, {"event": "Order Completed"}]},
    "any with an unknown": {"any": [{"weather": "rain"}, {"event": "Order Completed"}]},
    "neither": {"not": {"any": [{"trait": "city", "op": "exists"}, {"event": "Order Completed"}]}},
    "not both": {"not": {"all": [{"trait": "country", "op": "is", "value": "RW"}, {"event": "Order Completed"}]}},
    "nested": {
        "all": [
            {"any": [{"trait": "spent", "op": "gt", "value": 50}, {"not": {"event": "Product Viewed"}}]},
            {"not": {"all": [{"consent": {"channel": "email"}}, {"event": "Order Completed", "op": "lt", "value": 2}]}},
            {"any": [{"not": {"trait": "Size", "op": "gt", "value": 40}}, {"rfm": "champions"}]},
        ]
    },
}


def _numbers() -> st.SearchStrategy[float]:
    return st.integers(-2, 120) | st.sampled_from([0.5, 54.9, 99.99999, 42.0])


_days = st.sampled_from(["1989-12-31", "1990-01-01", "2026-10-20", "2026-11-01", "2026-11-19", "2026-11-20"])
_texts = st.sampled_from(["RW", "KE", "M", "42", "Shoes", "Bao", "TEN", "p-1", "p-2", "a", "vip", "true"])
_scalars = _texts | _numbers() | st.booleans()


@st.composite
def comparisons(draw: st.DrawFn) -> Raw:
    """An operator and a value that fits."""
    values: dict[str, st.SearchStrategy[Any]] = {
        "is": _scalars,
        "is_not": _scalars,
        "in": st.lists(_scalars, min_size=1, max_size=3),
        "not_in": st.lists(_scalars, min_size=1, max_size=3),
        "contains": _texts,
        "starts_with": _texts,
        "exists": st.none(),
        "missing": st.none(),
        **{op: _numbers() for op in ("gt", "gte", "lt", "lte")},
        "between": st.lists(_numbers(), min_size=2, max_size=2).map(sorted)
        | st.lists(_days, min_size=2, max_size=2).map(sorted),
        "before": _days,
        "after": _days,
        "in_last_days": st.integers(0, 40),
        "not_in_last_days": st.integers(0, 40),
        "anniversary_in_days": st.integers(0, 40),
    }
    op = draw(st.sampled_from(sorted(values)))
    value = draw(values[op])
    return {"op": op} if value is None else {"op": op, "value": value}


_traits = st.sampled_from(
    ["country", "city", "email", "orders", "spent", "created_at", "last_order_at", "is_anonymous", "Size", "birthday"]
)
_names = st.sampled_from(["Product Viewed", "Product Added", "Order Completed", "Game Played", "Checkout Started"])
_properties = st.sampled_from(
    ["category", "product", "value", "quantity", "coupon", "brand", "price", "game", "points.won", "on", "channel"]
)
_where = st.lists(st.builds(lambda name, rest: {"property": name, **rest}, _properties, comparisons()), max_size=2)
_windows = st.sampled_from(
    [
        {"days": 1},
        {"days": 30},
        {"hours": 36},
        {"days": 60, "until_days": 30},
        {"days": 30, "until_hours": 36},
        {"from": "2026-11-01"},
        {"from": "2026-10-20", "to": "2026-11-19"},
    ]
)
_AMOUNTS = st.sampled_from(["is", "is_not", "gt", "gte", "lt", "lte"])
_LATELY = st.sampled_from(["in_last_days", "not_in_last_days"])


def _compared(op: str, value: Any) -> Raw:
    return {"op": op, "value": value}


_amounts = st.builds(_compared, _AMOUNTS, st.integers(0, 3))
_moments = st.builds(_compared, st.sampled_from(["before", "after"]), _days) | st.builds(
    _compared, _LATELY, st.integers(0, 40)
)


@st.composite
def events(draw: st.DrawFn) -> Raw:
    raw: Raw = {"event": draw(_names | st.lists(_names, min_size=1, max_size=2)), "where": draw(_where)}
    raw["measure"] = draw(
        st.sampled_from(["count", "sum:value", "sum:points.won", "distinct:product", "distinct:game", "first", "last"])
    )
    raw |= draw(_moments if raw["measure"] in ("first", "last") else _amounts)
    if draw(st.booleans()):
        raw["within"] = draw(_windows)
    return {**raw, "not": draw(st.booleans())}


@st.composite
def sequences(draw: st.DrawFn) -> Raw:
    steps = draw(st.lists(st.builds(lambda n, w: {"event": n, "where": w}, _names, _where), min_size=2, max_size=4))
    for step in steps:
        step["not"] = draw(st.integers(0, 2)) == 0
    steps[draw(st.integers(0, len(steps) - 1))]["not"] = False
    raw: Raw = {"sequence": steps, "not": draw(st.booleans())}
    return {**raw, "within": draw(_windows)} if draw(st.booleans()) else raw


def leaves() -> st.SearchStrategy[Raw]:
    return st.one_of(
        st.builds(lambda trait, rest: {"trait": trait, **rest}, _traits, comparisons()),
        events(),
        sequences(),
        st.sampled_from([raw for raw in SHAPES.values() if not {"all", "any"} & raw.keys()]),
    )


def definitions() -> st.SearchStrategy[Raw]:
    """Whatever may be asked."""
    return st.recursive(
        leaves(),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda parts: {"all": parts})
            | st.lists(inner, max_size=3).map(lambda parts: {"any": parts})
            | inner.map(lambda part: {"not": part})
        ),
        max_leaves=5,
    )
