"""Journeys ready to publish. Adding one: a Recipe with its definition, in good words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Recipe:
    """`why` is what the shop gains by it, in a sentence."""

    key: str
    icon: str
    name: str | Promise
    why: str | Promise
    definition: Callable[[], dict[str, Any]]


def abandoned_cart(**quiet: int) -> dict[str, Any]:
    """Reminds of a cart that nothing has happened with for `quiet` (one hour unless told), once for each cart."""
    return {
        "entry": {"event": ["Product Added", "Product Removed", "Cart Viewed", "Checkout Started"], "key": "cart_id"},
        "reentry": "per_key",
        "exit": [{"event": "Order Completed", "same_key": True}],
        "steps": [
            {"wait": {**(quiet or {"hours": 1}), "quiet": True}},
            {"send": {"template": "cart-reminder", "channel": "email"}},
        ],
    }


RECIPES = {
    recipe.key: recipe
    for recipe in [
        Recipe(
            "abandoned-cart",
            "cart",
            _("Abandoned cart"),
            _("Reminds people, once, of what they left in their cart; with the cart itself and a way back to it."),
            abandoned_cart,
        )
    ]
}
