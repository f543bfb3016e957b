"""What products, journeys, campaigns and templates are called that a definition speaks of by their ids."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from karibu.messages import senders
from karibu.messages.models import Template
from karibu.shop.models import Product

PRODUCT = ("product", "product_id")
NUMBERED = ("journey", "campaign", "template")


def spoken_of(raw: Any) -> Iterator[str]:
    """ "product:<id>", "journey:<number>" … of each, wherever it stands in a definition."""
    if isinstance(raw, Mapping):
        if raw.get("property") in PRODUCT:
            value = raw.get("value")
            yield from (f"product:{one}" for one in (value if isinstance(value, list) else [value]))
        if isinstance(message := raw.get("message"), Mapping):
            yield from (f"{kind}:{message[kind]}" for kind in NUMBERED if kind in message)
    for inner in raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ():
        yield from spoken_of(inner)


def names(keys: Collection[str]) -> dict[int | str, str]:
    """The names of those that have one, by these keys: in a query a kind."""
    found: dict[int | str, str] = {}
    if products := _ids(keys, "product"):
        called = Product.objects.filter(product_id__in=products).exclude(name="")
        found |= {f"product:{key}": name for key, name in called.values_list("product_id", "name")}
    if templates := _ids(keys, "template"):
        ours = Template.objects.filter(pk__in=[int(number) for number in templates])
        found |= {f"template:{key}": name for key, name in ours.values_list("pk", "name")}
    for kind in ("journey", "campaign"):
        if numbers := _ids(keys, kind):
            named = senders.names([f"{kind}:{number}" for number in numbers])
            found |= {key: name for key, name in named.items() if name != key}
    return found


def _ids(keys: Collection[str], kind: str) -> list[str]:
    """Those of one kind, without what no table could hold."""
    ids = [key.partition(":")[2] for key in keys if key.startswith(f"{kind}:")]
    if kind in NUMBERED:
        return [one for one in ids if one.isdigit()]
    return [one for one in ids if "\0" not in one]
