"""Journeys ready to publish, in the order of the gallery.

Adding one: a Recipe in the module it fits, with its definition in good words; its templates are starters
(messages/starters), worded in every language.
"""

from karibu.journeys.recipes import after_the_order, before_the_order, coming_back
from karibu.journeys.recipes.before_the_order import abandoned_cart
from karibu.journeys.recipes.recipe import Need, Recipe

RECIPES: dict[str, Recipe] = {
    recipe.key: recipe for recipe in [*before_the_order.RECIPES, *after_the_order.RECIPES, *coming_back.RECIPES]
}

__all__ = ["RECIPES", "Need", "Recipe", "abandoned_cart"]
