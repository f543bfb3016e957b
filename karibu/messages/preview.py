"""A template tried out: with an example person and cart, and with every fault named by field and line."""

from dataclasses import dataclass
from decimal import Decimal

from liquid.exceptions import LiquidError

from karibu.messages import content, facts, sandbox
from karibu.messages.content import Content, Facts
from karibu.messages.mjml import BadMarkup, compile_mjml
from karibu.messages.models import Template


@dataclass(frozen=True)
class Fault:
    field: str
    words: str


def faults(template: Template) -> list[Fault]:
    """What is wrong with a template, in the author's own lines; empty where it can be used."""
    found = [
        fault
        for field, source in (("subject", template.subject), ("body", template.body), ("text", template.text))
        if (fault := _liquid_fault(field, source))
    ]
    if found:
        return found
    try:
        if "<mjml" in template.body:
            compile_mjml(template.body)
        show(template)
    except BadMarkup as error:
        found.append(Fault("body", str(error)))
    except LiquidError as error:
        found.append(Fault("body", _first_line(error)))
    return found


def _liquid_fault(field: str, source: str) -> Fault | None:
    try:
        sandbox.TEXT.from_string(source)
    except LiquidError as error:
        where = error.context()
        return Fault(field, f"Line {where[0]}: {_first_line(error)}" if where else _first_line(error))
    return None


def _first_line(error: LiquidError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def show(template: Template) -> Content:
    """The template with the example filled in. Raises BadMarkup or LiquidError."""
    return content.render(content.compile_template(template), example())


def example() -> Facts:
    """A person and a cart that do not exist."""
    shop = facts.of_shop(facts.the_shop())
    items = [_item(_MUG, shop), _item(_BASKET, shop)]
    currency = shop["currency"]
    cart = {"id": "example", "items": items, "value": Decimal("59.40"), "currency": currency, "url": shop["url"]}
    person = {"first_name": "Amina", "name": "Amina Uwase", "email": "amina@example.com", "city": "Kigali"}
    return {"shop": shop, "customer": person, "cart": cart, **_LINKS}


_LINKS = dict.fromkeys(("unsubscribe_url", "preferences_url", "web_view_url", "confirm_url"), "#")
_MUG = {"product_id": "mug", "name": "Clay mug", "variant": "blue", "price": Decimal("14.70"), "quantity": 2}
_BASKET = {"product_id": "basket", "name": "Sisal basket", "price": Decimal("30.00"), "quantity": 1}


def _item(item: Facts, shop: Facts) -> Facts:
    return {**item, "total": item["price"] * item["quantity"], "url": shop["url"]}
