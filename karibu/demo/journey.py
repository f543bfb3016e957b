"""The sample shop's journey: the real recipe, with a wait short enough to watch."""

from karibu.journeys import actions
from karibu.journeys.models import Journey
from karibu.journeys.recipes import RECIPES, abandoned_cart

QUIET_SECONDS = 20


def publish_abandoned_cart() -> Journey:
    """The live "Abandoned cart"; made on the first call, found on later ones."""
    found = Journey.objects.filter(recipe="abandoned-cart").order_by("pk").first()
    if found:
        return found
    recipe = RECIPES["abandoned-cart"]
    made = actions.create(str(recipe.name), abandoned_cart(seconds=QUIET_SECONDS), recipe=recipe.key, by="sample shop")
    return actions.publish(made, by="sample shop")
