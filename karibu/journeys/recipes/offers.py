"""The recipes as the gallery shows them."""

from dataclasses import dataclass

from karibu.journeys.models import Journey
from karibu.journeys.recipes import RECIPES, Need, Recipe
from karibu.journeys.recipes.recipe import seen


@dataclass(frozen=True)
class Offer:
    """`journey` is the one that was made from it, where there is one."""

    recipe: Recipe
    sentence: str
    missing: list[Need]
    journey: int | None


def offers() -> list[Offer]:
    """Every recipe; the same few statements however many there are."""
    made = dict(Journey.objects.exclude(recipe="").order_by("-pk").values_list("recipe", "pk"))
    names = seen()
    return [
        Offer(recipe, recipe.sentence(), recipe.missing(names), made.get(recipe.key)) for recipe in RECIPES.values()
    ]
