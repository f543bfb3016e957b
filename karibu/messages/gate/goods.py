"""What it is about: there is no point in a message once that is gone."""

from karibu.messages.gate.case import Group
from karibu.messages.status import Reason
from karibu.messages.verdict import refused
from karibu.shop.models import Cart, Order


def cart_is_still_open(group: Group) -> None:
    """A message about a cart is pointless once the cart was ordered or emptied."""
    cases = [case for case in group.undecided() if case.message.context.get("cart_id")]
    carts = {str(case.message.context["cart_id"]) for case in cases}
    if not carts:
        return
    ordered = set(Order.objects.filter(cart_id__in=carts).values_list("cart_id", flat=True))
    status = dict(Cart.objects.filter(cart_id__in=carts).values_list("cart_id", "status"))
    for case in cases:
        cart = str(case.message.context["cart_id"])
        if cart in ordered or status.get(cart) == Cart.Status.ORDERED:
            case.verdict = refused(Reason.CART_ORDERED)
        elif status.get(cart) == Cart.Status.EMPTIED:
            case.verdict = refused(Reason.CART_EMPTIED)
