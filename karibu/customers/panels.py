"""What other apps show on the left side of a customer's page, and the buttons that they put on its top."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

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


@dataclass(frozen=True)
class Button:
    """Leads to where something is done about the customer: `url` with the id in the place of {}."""

    label: str | Promise
    icon: str
    url: str


LAST = 90
_buttons: list[Button] = []
_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    _panels[panel.name] = panel


def offer(button: Button) -> None:
    if button not in _buttons:
        _buttons.append(button)


def buttons(customer: Customer) -> list[tuple[Button, str]]:
    """In order of registration, each with where it leads for this customer."""
    return [(button, button.url.format(customer.pk)) for button in _buttons]


def shown(customer: Customer, family: list[int]) -> list[tuple[Panel, dict[str, Any]]]:
    """The panels that have something to say about this customer, with their contexts."""
    ordered = sorted(_panels.values(), key=lambda panel: (panel.order, panel.name))
    answers = [(panel, panel.context(customer, family)) for panel in ordered]
    return [(panel, context) for panel, context in answers if context is not None]
