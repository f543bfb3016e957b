"""A template tried out: with an example person and cart, and with every fault named by field and line."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from liquid.exceptions import LiquidError

from karibu.customers.models import Customer
from karibu.messages import about, content, facts, sandbox, slots
from karibu.messages.addresses import public_url
from karibu.messages.content import Content, Facts
from karibu.messages.mjml import BadMarkup, compile_mjml
from karibu.messages.models import Message, Template
from karibu.shop.models import Cart, Order, Product


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


NOBODY = "nobody"  # whom to fill a template in for: somebody of whom nothing is known


def show(template: Template, who: str = "") -> Content:
    """The template filled in for a customer by id, for NOBODY, or for an example. Raises BadMarkup or LiquidError."""
    form = content.compile_template(template)
    return content.render(form, of_person(template, who) if who else example(template))


def as_written(template: Template) -> str:
    """The HTML for the example, before its links are looked at: what the author wrote."""
    form = content.compile_template(template)
    return form.html.render(**example(template), **slots.filled(form.links))


def example(template: Template | None = None) -> Facts:
    """A person, a cart and an order that do not exist; products are the shop's own where it has some."""
    shop = facts.of_shop(facts.the_shop())
    items = [_item(_MUG, shop), _item(_BASKET, shop)]
    currency = shop["currency"]
    cart = {"id": "example", "items": items, "value": Decimal("59.40"), "currency": currency, "url": shop["url"]}
    person = {"first_name": "Amina", "name": "Amina Uwase", "email": "amina@example.com", "city": "Kigali"}
    order = {**cart, "id": "1042", "total": cart["value"], "placed_at": timezone.now()}
    return {
        "shop": shop,
        "customer": person,
        "cart": cart,
        "order": order,
        "orders": [order],
        "coupon": "WELCOME-7K2M",
        **_products(template, shop, items),
        **_LINKS,
    }


def _products(template: Template | None, shop: Facts, items: list[Facts]) -> Facts:
    some = list(
        Product.objects.exclude(name="").order_by("-updated_at", "-id").values_list("product_id", flat=True)[:6]
    )
    lists = about.needs(template).catalogue if template else {}
    known = about.products({*some, *(one for ids in lists.values() for one in ids)}, shop)
    few = [known[one] for one in some if one in known] or items
    catalogue = {key: [known[one] for one in ids if one in known] for key, ids in lists.items()}
    return {"products": few[:1], "product": few[0], "recommendations": few, "catalogue": catalogue}


def of_person(template: Template, who: str) -> Facts:
    """What the template would see of this customer now: their last cart and order. LookupError for a stranger."""
    if who == NOBODY:
        return {"shop": facts.of_shop(facts.the_shop()), "customer": {}, **_LINKS}
    person = Customer.objects.filter(pk=int(who) if who.isdecimal() else 0, erased_at=None).first()
    if person is None:
        return example(template)
    cart = Cart.objects.filter(customer_id=person.pk).exclude(status="emptied").order_by("-updated_at").first()
    order = Order.objects.filter(customer_id=person.pk, status="placed").order_by("-placed_at").first()
    context = {"cart_id": cart.cart_id if cart else "", "order_id": order.order_id if order else ""}
    seen = [str(item.get("product_id")) for item in (cart.items if cart else []) if isinstance(item, dict)]
    message = Message(id=0, customer_id=person.pk, template=template, context={**context, "product_ids": seen})
    return {**facts.gather([message], {person.pk: person})[0], "coupon": "WELCOME-7K2M", **_LINKS}


def people(limit: int = 12) -> list[tuple[str, str]]:
    """Customers whose carts or orders are the latest: whom a preview is most telling for."""
    carts = list(
        Cart.objects.exclude(status="emptied").order_by("-updated_at").values_list("customer_id", flat=True)[:limit]
    )
    ids = list(dict.fromkeys(carts))
    rows = Customer.objects.in_bulk(ids)
    return [(str(one), rows[one].label) for one in ids if one in rows and not rows[one].erased_at]


def own_addresses() -> tuple[str, ...]:
    """Where this installation and its shop are: what leads there works for those who read it."""
    return public_url(), facts.of_shop(facts.the_shop())["url"]


def in_the_dark(html: str) -> str:
    """The HTML as a mail program in dark mode shows it."""
    return html.replace("(prefers-color-scheme: dark)", "all")


def in_the_light(html: str) -> str:
    """And as one shows it by day, whatever the machine that looks at it prefers."""
    return html.replace("(prefers-color-scheme: dark)", "not all").replace("light dark", "light")


_LINKS = dict.fromkeys(
    ("unsubscribe_url", "preferences_url", "web_view_url", "confirm_url", "score_url", "stars_url"), "#"
)
_MUG = {"product_id": "mug", "name": "Clay mug", "variant": "blue", "price": Decimal("14.70"), "quantity": 2}
_BASKET = {"product_id": "basket", "name": "Sisal basket", "price": Decimal("30.00"), "quantity": 1}


def _item(item: Facts, shop: Facts) -> Facts:
    return {**item, "total": item["price"] * item["quantity"], "url": shop["url"]}
