"""What other apps show on the left side of a customer's page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from karibu.customers.models import Customer


@dataclass(frozen=True)
class Panel:
    """`context(customer, family)` returns what `template` needs, or None to show nothing.

    Small orders come first; from LAST on they stand at the very end, below what is known.
    """

    name: str
    template: str
    context: Callable[[Customer, list[int]], dict[str, Any] | None]
    order: int = 50


LAST = 90
_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    _panels[panel.name] = panel


def shown(customer: Customer, family: list[int]) -> list[tuple[Panel, dict[str, Any]]]:
    """The panels that have something to say about this customer, with their contexts."""
    ordered = sorted(_panels.values(), key=lambda panel: (panel.order, panel.name))
    answers = [(panel, panel.context(customer, family)) for panel in ordered]
    return [(panel, context) for panel, context in answers if context is not None]
