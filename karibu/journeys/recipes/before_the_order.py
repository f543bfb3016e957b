"""Recipes for those who look, search, put into a cart and sign up."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.journeys.recipes.recipe import Need, Recipe, branch, morning, send, wait
from karibu.messages.channels.models import Account

SIGNS_UP = ["Signed Up", "Form Submitted"]
LOOKED_A_LOT = {"event": "Product Viewed", "measure": "count", "op": "gte", "value": 5, "within": {"days": 10}}
ORDERS_SOON = {"event": "Order Completed", "within_days": 7}


def welcome_series() -> dict[str, Any]:
    """Welcomes at once; who has not ordered by then gets what others begin with."""
    return {
        "entry": {"event": SIGNS_UP},
        "reentry": "never",
        "goal": {"event": "Order Completed"},
        "steps": [send("welcome"), wait(days=3), morning(), send("welcome-popular")],
    }


def abandoned_cart(**quiet: int) -> dict[str, Any]:
    """Reminds of a cart that nothing has happened with for `quiet` (one hour unless told), once for each cart."""
    return {
        "entry": {"event": ["Product Added", "Product Removed", "Cart Viewed", "Checkout Started"], "key": "cart_id"},
        "reentry": "per_key",
        "exit": [{"event": "Order Completed", "same_key": True}],
        "steps": [{"wait": {**(quiet or {"hours": 1}), "quiet": True}}, send("cart-reminder")],
    }


def abandoned_cart_whatsapp() -> dict[str, Any]:
    """The same, and a day later by WhatsApp where nothing came of it."""
    mail = abandoned_cart()
    return {**mail, "steps": [*mail["steps"], wait(days=1), send("cart-whatsapp", "whatsapp")]}


def needs_whatsapp() -> list[Need]:
    if Account.objects.filter(kind="whatsapp", closed_at=None).exists():
        return []
    return [Need(gettext("a WhatsApp number."), "/settings/channels/whatsapp/", gettext("Connect WhatsApp"))]


def abandoned_browse() -> dict[str, Any]:
    """Reminds of what somebody looked at and left, at most once a week."""
    return {
        "entry": {"event": "Product Viewed"},
        "reentry": {"after_days": 7},
        "exit": [{"event": "Product Added"}],
        "goal": ORDERS_SOON,
        "steps": [{"wait": {"hours": 4, "quiet": True}}, send("browse-reminder")],
    }


def abandoned_search() -> dict[str, Any]:
    """Asks the day after whether they found what they searched for."""
    searched = {"check": {"entry": {"property": "query", "op": "exists"}}}
    return {
        "entry": {"event": "Products Searched"},
        "reentry": {"after_days": 14},
        "exit": [{"event": "Product Added"}],
        "goal": ORDERS_SOON,
        "steps": [wait(hours=20), {**searched, "ways": {"yes": [send("search-help")], "no": []}}],
    }


def back_in_stock() -> dict[str, Any]:
    """Tells those who looked at it or had it in a cart, once for each product."""
    return {
        "entry": {"product": {"change": "back_in_stock", "within_days": 60}},
        "reentry": {"after_days": 3},
        "goal": {"event": "Order Completed", "within_days": 14},
        "steps": [send("back-in-stock")],
    }


def price_drop() -> dict[str, Any]:
    """Tells those who looked at it or had it in a cart, when it costs a good deal less."""
    return {
        "entry": {"product": {"change": "price_drop", "within_days": 30, "percent": 10}},
        "reentry": {"after_days": 3},
        "goal": {"event": "Order Completed", "within_days": 14},
        "steps": [send("price-drop")],
    }


def lead_nurturing() -> dict[str, Any]:
    """Helps to choose, and scores by how much somebody looks around; a colleague decides about the warm ones."""
    score = {"trait": "lead_score"}
    return {
        "entry": {"event": SIGNS_UP},
        "reentry": "never",
        "goal": {"event": "Order Completed"},
        "steps": [
            wait(days=2),
            morning(),
            send("lead-guide"),
            wait(days=5),
            branch(
                LOOKED_A_LOT,
                yes=[
                    {"update": {**score, "value": 80}},
                    {
                        "ask": {"question": str(_("Looks around a lot. Shall we offer help?")), "within": {"days": 3}},
                        "ways": {"yes": [send("lead-help")], "no": [], "late": [send("lead-help")]},
                    },
                ],
                no=[{"update": {**score, "value": 20}}],
            ),
        ],
    }


RECIPES = [
    Recipe(
        "welcome-series",
        "person-add",
        _("Welcome series"),
        _("Greets whoever signs up at once, and helps those who have not ordered after three days."),
        welcome_series,
    ),
    Recipe(
        "abandoned-cart",
        "cart",
        _("Abandoned cart"),
        _("Reminds people, once, of what they left in their cart; with the cart itself and a way back to it."),
        abandoned_cart,
    ),
    Recipe(
        "abandoned-cart-whatsapp",
        "phone",
        _("Abandoned cart by e-mail, then WhatsApp"),
        _("The same reminder, and a day later a short word by WhatsApp for whoever agreed to it and has not ordered."),
        abandoned_cart_whatsapp,
        needs=needs_whatsapp,
    ),
    Recipe(
        "abandoned-browse",
        "eye",
        _("Abandoned browse"),
        _("Shows people again what they looked at and left, at most once a week."),
        abandoned_browse,
    ),
    Recipe(
        "abandoned-search",
        "search",
        _("Abandoned search"),
        _("Asks whether they found what they searched for: the answer is a sale, or tells you what is missing."),
        abandoned_search,
    ),
    Recipe(
        "lead-nurturing",
        "growth",
        _("Lead nurturing with a score"),
        _("Helps new people to choose, notes how warm they are, and lets a colleague decide about the warmest."),
        lead_nurturing,
    ),
    Recipe(
        "back-in-stock",
        "refresh",
        _("Back in stock"),
        _("Tells whoever looked at something that was sold out that you have it again."),
        back_in_stock,
    ),
    Recipe(
        "price-drop",
        "tag",
        _("Price drop"),
        _("Tells whoever looked at something that it now costs at least a tenth less."),
        price_drop,
    ),
]
