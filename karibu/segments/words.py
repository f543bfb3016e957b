"""Definitions as sentences, whatever they hold; and what people ask for of customers and of events."""

from collections.abc import Sequence
from typing import Any

from karibu.segments import naming, queries
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError

# The columns of a customer that people ask for, with the kind of their values.
ABOUT = {
    "name": "text",
    "email": "text",
    "phone": "text",
    "country": "text",
    "city": "text",
    "language": "text",
    "timezone": "text",
    "first_source": "text",
    "created_at": "date",
    "birthday": "date",
    "is_anonymous": "truth",
}
WORTH = {
    "orders": "number",
    "spent": "number",
    "first_order_at": "date",
    "last_order_at": "date",
    "open_cart_value": "number",
    "open_cart_at": "date",
}
# The properties of events that people ask for most.
PROPERTIES = (
    "product_id", "name", "category", "brand", "variant", "sku", "price", "quantity", "value", "currency", "coupon",
    "query", "campaign", "url", "referrer", "utm_source", "utm_medium", "utm_campaign", "channel", "source",
)  # fmt: skip


def sentence(definition: Any) -> str:
    """What the definition says of its customers; of one that cannot be read, why."""
    return sentences([definition])[0]


def sentences(definitions: Sequence[Any]) -> list[str]:
    """The same for many; the names of all that they speak of are asked for once."""
    parsed = [_parsed(one) for one in definitions]
    known = [one for one in parsed if isinstance(one, Definition)]
    segments = {number for one in known for number in one.needs.segments}
    names = naming.names({key for one in known for key in naming.spoken_of(one.raw)})
    if segments:
        for number, name in queries.names(segments).items():
            names[number] = name
    return [one.sentence(names) if isinstance(one, Definition) else one for one in parsed]


def _parsed(definition: Any) -> Definition | str:
    try:
        return parse(definition)
    except DefinitionError as error:
        return str(error)
