"""What a group's messages are about: orders, products, recommendations; asked for only where a template names them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Q

from karibu.messages import aside, recommend
from karibu.messages.blocks import products_of
from karibu.messages.content import Facts
from karibu.messages.models import Message, Template, Wording
from karibu.shop.models import Order, OrderLine, Product

LAST_ORDERS = 3  # of a person, in `orders`
_NAMES = frozenset({"recommendations", "orders", "order", "products", "product"})
_WORD = re.compile(r"[a-z_]+")


class Needs:
    """Which of these facts a template names, and the lists of products that its blocks show."""

    def __init__(self, template: Template) -> None:
        wordings = list(template.wordings.all()) if template.pk else []
        written: list[Template | Wording] = [template, *wordings]
        said = " ".join(part for one in written for part in (one.subject, one.body, one.text))
        asked = {word for tag in aside.put(said)[1] for word in _WORD.findall(tag)}
        self.names = asked & _NAMES
        lists = [products_of(one.blocks) for one in written]
        self.catalogue = {key: ids for one in lists for key, ids in one.items()}


@lru_cache(maxsize=256)
def _needs(template_id: int, version: int) -> Needs:
    return Needs(Template.objects.get(pk=template_id))


def needs(template: Template) -> Needs:
    return _needs(template.pk, template.version) if template.pk else Needs(template)


def gather(messages: Sequence[Message], shop: Facts) -> dict[int, Facts]:
    """{message id: its orders, products and recommendations}."""
    wanting = {m.id: needs(m.template) for m in messages}
    found: dict[int, Facts] = {m.id: {} for m in messages}
    orders = _orders([m for m in messages if {"order", "orders"} & wanting[m.id].names], wanting, found, shop)
    about = {m.id: _products_about(m, orders.get(str(m.context.get("order_id")))) for m in messages}
    fitting = _fitting([m for m in messages if "recommendations" in wanting[m.id].names], about)
    ids = {p for list_ in (*about.values(), *fitting.values()) for p in list_}
    ids |= {p for one in wanting.values() for list_ in one.catalogue.values() for p in list_}
    known = products(ids, shop)
    for m in messages:
        facts = found[m.id]
        facts["products"] = _known(about[m.id], known)
        facts["recommendations"] = _known(fitting.get(m.id, ()), known)
        facts["catalogue"] = {key: _known(list_, known) for key, list_ in wanting[m.id].catalogue.items()}
        if facts["products"]:
            facts["product"] = {**facts["products"][0], **_given(m.context.get("product"))}
    return found


def _given(value: object) -> Facts:
    """What the sender says of the product itself (the price that it had) stands before what is known."""
    return {str(k): v for k, v in value.items() if v not in (None, "")} if isinstance(value, dict) else {}


def _known(ids: Iterable[str], known: Mapping[str, Facts]) -> list[Facts]:
    return [known[one] for one in ids if one in known]


def products(ids: Iterable[str], shop: Facts) -> dict[str, Facts]:
    """The products as templates see them."""
    from karibu.messages.facts import absolute, filled

    rows = Product.objects.filter(product_id__in=set(ids)) if ids else ()
    return {
        row.product_id: filled(
            {
                "product_id": row.product_id,
                "name": row.name or row.product_id,
                "brand": row.brand,
                "category": row.category,
                "price": row.price,
                "currency": row.currency or shop["currency"],
                "url": absolute(row.url, shop["url"]) or shop["url"],
                "image_url": absolute(row.image_url, shop["url"]),
            }
        )
        for row in rows
    }


def _products_about(message: Message, order: Facts | None) -> list[str]:
    context = message.context
    if not context and not order:
        return []
    listed = context.get("product_ids")
    event = context.get("event")
    given: list[Any] = listed if isinstance(listed, list) else [context.get("product_id")]
    if isinstance(event, dict):
        given.append((event.get("properties") or event).get("product_id"))
    if order:
        given += [item["product_id"] for item in order["items"]]
    return list(dict.fromkeys(str(one) for one in given if one))[:24]


def _fitting(messages: Sequence[Message], about: Mapping[int, list[str]]) -> dict[int, list[str]]:
    if not messages:
        return {}
    return recommend.products_for([recommend.Asked(m.id, m.customer_id, seeds=set(about[m.id])) for m in messages])


def _orders(
    messages: Sequence[Message], wanting: Mapping[int, Needs], found: dict[int, Facts], shop: Facts
) -> dict[str, Facts]:
    """Fills in `order` (the one that the message names, or the person's last) and `orders`; {order id: its facts}."""
    if not messages:
        return {}
    named = {str(m.context["order_id"]) for m in messages if m.context.get("order_id")}
    people = [m.customer_id for m in messages]
    rows = list(Order.objects.filter(Q(order_id__in=named) | Q(pk__in=_latest(people))).order_by("-placed_at", "-id"))
    facts = _order_facts(rows, shop)
    placed: dict[int | None, list[Facts]] = {}
    for row in rows:
        if row.status == "placed":
            placed.setdefault(row.customer_id, []).append(facts[row.order_id])
    for m in messages:
        mine = placed.get(m.customer_id, [])
        found[m.id]["orders"] = mine[:LAST_ORDERS]
        order = facts.get(str(m.context.get("order_id"))) or (mine[0] if mine else None)
        if order:
            found[m.id]["order"] = order
    return facts


def _latest(people: Sequence[int]) -> list[int]:
    rows = Order.objects.raw(
        """SELECT o.id FROM unnest(%s::bigint[]) AS c(id) CROSS JOIN LATERAL (
               SELECT id FROM shop_order WHERE customer_id = c.id AND status = 'placed'
               ORDER BY placed_at DESC LIMIT %s) AS o""",
        [list(set(people)), LAST_ORDERS],
    )
    return [row.pk for row in rows]


def _order_facts(rows: Sequence[Order], shop: Facts) -> dict[str, Facts]:
    lines: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order__in=[row.pk for row in rows]).order_by("order", "position"):
        lines.setdefault(line.order_id, []).append(line)
    known = products({line.product_id for some in lines.values() for line in some}, shop)
    return {
        row.order_id: {
            "id": row.order_id,
            "value": row.total,
            "total": row.total,
            "currency": row.currency,
            "placed_at": row.placed_at,
            "items": [_line(line, known.get(line.product_id, {}), row, shop) for line in lines.get(row.pk, ())],
        }
        for row in rows
    }


def _line(line: OrderLine, product: Facts, order: Order, shop: Facts) -> Facts:
    name = line.name or product.get("name") or line.product_id
    own = {"product_id": line.product_id, "name": name, "price": line.price, "quantity": line.quantity}
    return {"url": shop["url"], **product, **own, "total": line.total, "currency": order.currency}
