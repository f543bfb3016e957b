"""What it is about: there is no point in a message once that is gone."""

from typing import Any

from django.db import connection

from karibu.messages.gate.case import Case, Group
from karibu.messages.status import Reason
from karibu.messages.verdict import refused
from karibu.shop import coupons
from karibu.shop.models import Cart, CouponPool
from karibu.shop.stock import sold_out

# What became of each cart; one that an order names was ordered, whatever the cart itself says.
_CARTS = """
    SELECT w.id, CASE WHEN EXISTS (SELECT FROM shop_order o WHERE o.cart_id = w.id) THEN 'ordered'
        ELSE (SELECT c.status FROM shop_cart c WHERE c.cart_id = w.id) END
    FROM unnest(%s::text[]) AS w(id)"""
_PAST = {Cart.Status.ORDERED: Reason.CART_ORDERED, Cart.Status.EMPTIED: Reason.CART_EMPTIED}


def is_about(check: str, context: dict[str, Any]) -> bool:
    """Whether a message with this context is about what the check looks at."""
    wants = {"cart": context.get("cart_id"), "coupon": context.get("coupon_pool"), "stock": _the_product(context)}
    return bool(wants.get(check, True))


def cart_is_still_open(group: Group) -> None:
    """A message about a cart is pointless once the cart was ordered or emptied."""
    cases = [(case, str(case.message.context["cart_id"])) for case in group.undecided() if _has_cart(case)]
    if not cases:
        return
    with connection.cursor() as cursor:
        cursor.execute(_CARTS, [list({cart for _, cart in cases})])
        status = dict(cursor.fetchall())
    for case, cart in cases:
        if reason := _PAST.get(status[cart]):
            case.verdict = refused(reason)


def _has_cart(case: Case) -> bool:
    return bool(case.message.context.get("cart_id"))


def product_is_in_stock(group: Group) -> None:
    """An offer of one product is pointless while it is sold out, where the shop says what it has."""
    about = [(case, _the_product(case.message.context)) for case in group.undecided(marketing=True)]
    wanted = {product for _, product in about if product}
    gone = sold_out(wanted) if wanted else set()
    for case, product in about:
        if product in gone:
            case.verdict = refused(Reason.OUT_OF_STOCK, product)


def _the_product(context: dict[str, Any]) -> str:
    """The one product that a message is about; "" where it is about none or several."""
    if context.get("product_id"):
        return str(context["product_id"])
    items = context.get("items")
    named = {str(i.get("product_id") or "") for i in items if isinstance(i, dict)} if isinstance(items, list) else set()
    return named.pop() if len(named) == 1 else ""


def coupon_is_left(group: Group) -> None:
    """A message whose context names a pool promises a coupon: one that is left, or the pool's code for everybody."""
    cases = [(case, _pool(case.message.context)) for case in group.undecided()]
    pools = {pool for _, pool in cases if pool}
    if not pools:
        return
    left = coupons.left(pools, 1)
    empty = {pool for pool in pools if not left.get(pool)}
    empty -= set(CouponPool.objects.filter(pk__in=empty).exclude(fallback="").values_list("pk", flat=True))
    for case, pool in cases:
        if pool in empty:
            case.verdict = refused(Reason.NO_COUPON)


def _pool(context: dict[str, Any]) -> int:
    """The pool of the coupon that the message still has to get; 0 where it has one, or needs none."""
    pool = str(context.get("coupon_pool") or "")
    return int(pool) if pool.isdecimal() and not context.get("coupon") else 0
