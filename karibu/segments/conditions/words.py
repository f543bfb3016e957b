"""How traits, properties and events are called in sentences."""

from collections.abc import Sequence

from django.utils.translation import gettext as _


def label(name: str) -> str:
    """What a trait or property is called: "number of orders" for `orders`; an unknown name as it is, in words."""
    return _known().get(name) or name.replace("_", " ")


def did(names: Sequence[str]) -> str:
    """What those did who have such an event: "viewed a product or searched"."""
    return either([_known_events().get(name, (_did(name), ""))[0] for name in names])


def do(names: Sequence[str]) -> str:
    """The same behind "did not"."""
    return either([_known_events().get(name, ("", _do(name)))[1] for name in names])


def either(said: Sequence[str]) -> str:
    """ "a, b or c"."""
    if len(said) < 2:
        return "".join(said)
    return _("%(several)s or %(last)s") % {"several": ", ".join(said[:-1]), "last": said[-1]}


def _did(name: str) -> str:
    return _("did “%(event)s”") % {"event": name}


def _do(name: str) -> str:
    return _("do “%(event)s”") % {"event": name}


def _known_events() -> dict[str, tuple[str, str]]:
    return {
        "Product Viewed": (_("viewed a product"), _("view a product")),
        "Product List Viewed": (_("viewed a category"), _("view a category")),
        "Page Viewed": (_("viewed a page"), _("view a page")),
        "Products Searched": (_("searched"), _("search")),
        "Product Added": (_("put something into a cart"), _("put anything into a cart")),
        "Product Removed": (_("took something out of a cart"), _("take anything out of a cart")),
        "Product Added to Wishlist": (_("put something on a wish list"), _("put anything on a wish list")),
        "Cart Viewed": (_("looked at a cart"), _("look at a cart")),
        "Checkout Started": (_("started a checkout"), _("start a checkout")),
        "Order Completed": (_("ordered"), _("order")),
        "Order Cancelled": (_("cancelled an order"), _("cancel an order")),
        "Order Refunded": (_("got money back"), _("get money back")),
        "Coupon Applied": (_("used a coupon"), _("use a coupon")),
        "Product Reviewed": (_("reviewed a product"), _("review a product")),
        "Signed Up": (_("signed up"), _("sign up")),
        "Survey Answered": (_("answered a survey"), _("answer a survey")),
    }


def _known() -> dict[str, str]:
    return {
        "email": _("e-mail"),
        "phone": _("phone number"),
        "timezone": _("time zone"),
        "first_source": _("first source"),
        "created_at": _("first day here"),
        "orders": _("number of orders"),
        "spent": _("money spent"),
        "last_order_at": _("last order"),
        "first_order_at": _("first order"),
        "open_cart_value": _("value of the open cart"),
        "open_cart_at": _("last change of the open cart"),
        "is_anonymous": _("anonymity"),
        "product_id": _("product"),
        "order_id": _("order"),
        "cart_id": _("cart"),
        "query": _("search term"),
        "url": _("web address"),
    }
