"""Segments ready to use. Adding one: a Recipe with its definition, in good words, and one line of when to use it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from karibu.segments import queries

Definition = dict[str, Any]
BUYS, ADDS, VIEWS = "Order Completed", "Product Added", "Product Viewed"


@dataclass(frozen=True)
class Recipe:
    """`when` says in one line what the segment is good for."""

    key: str
    icon: str
    name: str | Promise
    when: str | Promise
    definition: Callable[[], Definition]


def _all(*conditions: Definition) -> Callable[[], Definition]:
    return lambda: {"all": list(conditions)}


def _trait(name: str, op: str, value: Any = None) -> Definition:
    return {"trait": name, "op": op} | ({} if value is None else {"value": value})


def _did(name: str, days: int | None = None, **more: Any) -> Definition:
    return {"event": name, **more} | ({"within": {"days": days}} if days else {})


def _never(name: str, days: int | None = None) -> Definition:
    return _did(name, days, **{"not": True})


def _big_spenders() -> Definition:
    """The threshold comes from what this shop's customers spend, so that it fits any currency."""
    return {"all": [_trait("spent", "gte", queries.spent_by_the_top_tenth())]}


_BOUGHT = _trait("orders", "gte", 1)
_NO_ORDER = _trait("orders", "is", 0)
_OFFERS = {"consent": {"channel": "email", "topic": "offers", "status": "given"}}
_ADS = {"consent": {"channel": "ads", "topic": "offers", "status": "given"}}
_COUPON = {"property": "coupon", "op": "exists"}

_ALL = [
    Recipe(
        "vip",
        "star",
        _("VIP"),
        _("Thank them first: early access, a note by hand, no discount needed."),
        _all({"rfm": "champions"}),
    ),
    Recipe(
        "at-risk",
        "warning",
        _("At risk"),
        _("Good customers who have become quiet: ask what is missing before they are gone."),
        _all({"rfm": "at_risk"}),
    ),
    Recipe(
        "cannot-lose",
        "customer",
        _("Cannot lose them"),
        _("They used to be your best and have not come for long: call them, do not mail them."),
        _all({"rfm": "cant_lose"}),
    ),
    Recipe(
        "big-spenders",
        "revenue",
        _("Big spenders"),
        _("The tenth that spends most: show them what is new and dear."),
        _big_spenders,
    ),
    Recipe(
        "one-time-buyers",
        "orders",
        _("One-time buyers"),
        _("The second order is the hardest to win: a reason to come back."),
        _all(_trait("orders", "is", 1)),
    ),
    Recipe(
        "second-order-due",
        "clock",
        _("Second order due"),
        _("Their first order is a month ago: the moment when a reminder earns most."),
        _all(
            _trait("orders", "is", 1),
            _trait("last_order_at", "in_last_days", 60),
            _trait("last_order_at", "not_in_last_days", 30),
        ),
    ),
    Recipe(
        "regulars",
        "refresh",
        _("Regulars"),
        _("Three orders and more within a year: for a loyalty programme, or to ask for a review."),
        _all(_did(BUYS, 365, measure="count", op="gte", value=3)),
    ),
    Recipe(
        "new-customers",
        "person-add",
        _("New customers"),
        _("Their first order is less than 30 days old: welcome them, help with what they bought."),
        _all(_trait("first_order_at", "in_last_days", 30)),
    ),
    Recipe(
        "lapsed-90",
        "undo",
        _("Lapsed for 90 days"),
        _("They bought before, but not for three months: a win-back offer."),
        _all(_BOUGHT, _trait("last_order_at", "not_in_last_days", 90)),
    ),
    Recipe(
        "lapsed-year",
        "calendar",
        _("Lapsed for a year"),
        _("One last message, then leave them alone: it keeps your sender's name good."),
        _all(_BOUGHT, _trait("last_order_at", "not_in_last_days", 365)),
    ),
    Recipe(
        "cart-abandoners",
        "cart",
        _("Cart abandoners"),
        _("A cart with something in it, left this week: remind them, or advertise what lies in it."),
        _all(_trait("open_cart_value", "gt", 0), _trait("open_cart_at", "in_last_days", 7)),
    ),
    Recipe(
        "checkout-abandoners",
        "close",
        _("Left at the checkout"),
        _("They began to pay and stopped: ask whether shipping, price or payment was in the way."),
        _all({"sequence": [_did("Checkout Started"), {"event": BUYS, "not": True}], "within": {"days": 3}}),
    ),
    Recipe(
        "window-shoppers",
        "eye",
        _("Window shoppers"),
        _("Three looks and more this week and no order: show them what they looked at."),
        _all(_did(VIEWS, 7, measure="count", op="gte", value=3), _never(BUYS, 7)),
    ),
    Recipe(
        "searchers",
        "search",
        _("Searched and did not buy"),
        _("They know what they want and did not find it: look at the words, then write to them."),
        _all(_did("Products Searched", 14), _never(BUYS, 14)),
    ),
    Recipe(
        "retargeting",
        "globe",
        _("Retargeting for ads"),
        _("Viewed or carted a product this month, agreed to ads: export them to Google or Meta."),
        lambda: {"all": [{"any": [_did(VIEWS, 30), _did(ADDS, 30)]}, _never(BUYS, 30), _ADS]},
    ),
    Recipe(
        "discount-lovers",
        "coupon",
        _("Discount lovers"),
        _("They order with a coupon, again and again: keep sales for them, spare the others."),
        _all(_did(BUYS, where=[_COUPON], measure="count", op="gte", value=2)),
    ),
    Recipe(
        "subscribers-without-order",
        "messages",
        _("New subscribers without an order"),
        _("They agreed to hear from you and have not bought yet: a welcome series."),
        _all(_OFFERS, _NO_ORDER, _trait("created_at", "in_last_days", 30)),
    ),
    Recipe(
        "engaged-readers",
        "send",
        _("Engaged readers"),
        _("They clicked in a message this month: the first to tell, and a safe start for a new sender."),
        _all({"message": {"did": "clicked"}, "within": {"days": 30}}),
    ),
    Recipe(
        "sleeping-readers",
        "moon",
        _("Sleeping readers"),
        _("They get your mails and open none: write less often, or ask whether they still want them."),
        _all(
            {"message": {"did": "received"}, "within": {"days": 90}},
            {"message": {"did": "opened"}, "within": {"days": 90}, "not": True},
            {"message": {"did": "clicked"}, "within": {"days": 90}, "not": True},
        ),
    ),
    Recipe(
        "birthday-this-week",
        "calendar",
        _("Birthday this week"),
        _("A wish on the day, with something small: the message people answer."),
        _all(_trait("birthday", "anniversary_in_days", 7)),
    ),
]

RECIPES = {recipe.key: recipe for recipe in _ALL}
