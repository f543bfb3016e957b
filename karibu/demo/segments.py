"""Some ready-made segments of the sample shop, so that its people are in groups from the first minute on."""

from karibu.segments import actions
from karibu.segments.recipes import RECIPES

SHOWN = (
    "vip",
    "one-time-buyers",
    "lapsed-90",
    "cart-abandoners",
    "window-shoppers",
    "second-order-due",
    "searchers",
)


def make_segments() -> None:
    for key in SHOWN:
        recipe = RECIPES[key]
        actions.create(str(recipe.name), recipe.definition(), recipe=key, by="sample shop")
