"""Recipes for those who have been good to the shop, and for those who have become quiet."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.journeys.recipes.recipe import Need, Recipe, branch, leave, morning, send, unless, wait
from karibu.segments.columns import trait_numbers

CAME_BACK = [leave("ordered again")]


def win_back() -> dict[str, Any]:
    """Three mails a month apart for whoever does not order again; the next order ends them."""
    month = {"days": 30}
    return {
        "entry": {"event": "Order Completed", "key": "order_id"},
        "reentry": "per_key",
        "exit": [{"event": "Order Cancelled", "same_key": True}],
        "steps": [
            wait(minutes=10),
            unless("Order Completed", month, came=CAME_BACK, late=[]),
            morning(),
            send("win-back-30"),
            unless("Order Completed", month, came=CAME_BACK, late=[]),
            morning(),
            send("win-back-60"),
            unless("Order Completed", month, came=CAME_BACK, late=[]),
            morning(),
            send("win-back-90"),
        ],
    }


def replenishment() -> dict[str, Any]:
    """Reminds shortly before the person's usual time between two orders is over; the next order ends the wait."""
    return {
        "entry": {"event": "Order Completed", "key": "order_id"},
        "reentry": "per_key",
        "exit": [{"event": "Order Cancelled", "same_key": True}],
        "steps": [
            wait(minutes=10),
            branch(
                {"trait": "orders", "op": "gte", "value": 2},
                yes=[{"wait_rhythm": {}, "ways": {"happened": CAME_BACK, "late": [morning(), send("refill")]}}],
                no=[leave("has no rhythm yet")],
            ),
        ],
    }


def vip() -> dict[str, Any]:
    """Thanks whoever becomes one of the best customers, once a year at most."""
    return {
        "entry": {"segment": 0},
        "reentry": {"after_days": 365},
        "steps": [wait(days=1), morning(), send("vip-thanks")],
    }


def birthday() -> dict[str, Any]:
    """A wish on the morning of the day."""
    return {
        "entry": {"date": {"trait": "birthday", "every": "year", "at": "09:00"}},
        "reentry": {"after_days": 300},
        "goal": {"event": "Order Completed", "within_days": 14},
        "steps": [send("birthday")],
    }


def needs_birthdays() -> list[Need]:
    if "birthday" in trait_numbers():
        return []
    words = gettext("birthdays; nobody has told you theirs yet.")
    return [Need(words, "/growth/forms/", gettext("Ask in a sign-up form"))]


def sunset() -> dict[str, Any]:
    """Asks sleeping readers once whether to go on; who does nothing gets no more mail."""
    awake = ["Message Clicked", "Order Completed"]
    return {
        "entry": {"segment": 0},
        "reentry": {"after_days": 365},
        "steps": [
            morning(),
            send("still-there"),
            unless(awake, {"days": 14}, came=[leave("is awake")], late=[]),
            {"unsubscribe": {"channel": "email"}},
        ],
    }


RECIPES = [
    Recipe(
        "replenishment",
        "clock",
        _("Replenishment at their own rhythm"),
        _("Reminds everybody shortly before the time that they themselves usually take between two orders is over."),
        replenishment,
    ),
    Recipe(
        "win-back",
        "undo",
        _("Win-back after 30, 60 and 90 days"),
        _("Writes three times to whoever does not order again, each time with something else; an order ends it."),
        win_back,
    ),
    Recipe(
        "vip",
        "star",
        _("VIP"),
        _("Thanks whoever becomes one of your best customers: they hear first, and no discount is needed."),
        vip,
        segment="vip",
    ),
    Recipe(
        "birthday",
        "calendar",
        _("Birthday"),
        _("A wish on the morning of the day, where the person is: the mail that people answer."),
        birthday,
        needs=needs_birthdays,
    ),
    Recipe(
        "sunset",
        "moon",
        _("Sunset of the sleeping"),
        _("Asks those who open nothing whether to go on, and stops where nobody answers: other mails arrive better."),
        sunset,
        segment="sleeping-readers",
    ),
]
