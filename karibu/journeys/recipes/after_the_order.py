"""Recipes for those who have ordered: thanks, help, reviews, what goes with it, and how they liked it."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from karibu.journeys.recipes.recipe import Need, Recipe, branch, morning, send, unless, wait
from karibu.messages.survey import ANSWERED
from karibu.shop.models import CouponPool

ORDERS = {"event": "Order Completed", "key": "order_id"}
POOL = "review"
TAKEN_BACK = [{"event": ["Order Cancelled", "Order Refunded"], "same_key": True}]


def order_thanks() -> dict[str, Any]:
    """Thanks at once, and helps to use it some days later."""
    return {
        "entry": ORDERS,
        "reentry": "per_key",
        "exit": TAKEN_BACK,
        "steps": [send("order-thanks"), wait(days=7), morning(), send("order-howto")],
    }


def review_request() -> dict[str, Any]:
    """Asks for a review when they know it well, and thanks whoever writes one, on our page or the shop's own; with a
    coupon of the shop's pool for reviews, where it has one."""
    pool = _pool_for_reviews()
    thanks = [*([{"coupon": {"pool": pool}}] if pool else []), send("review-thanks")]
    return {
        "entry": ORDERS,
        "reentry": "per_key",
        "exit": TAKEN_BACK,
        "steps": [
            wait(days=14),
            morning(),
            send("review-request"),
            unless(["Product Reviewed", ANSWERED], {"days": 14}, came=thanks, late=[]),
        ],
    }


def _pool_for_reviews() -> int | None:
    """By its name: nobody's other coupons are given away."""
    found = CouponPool.objects.filter(name__icontains=POOL).order_by("pk")
    return found.values_list("pk", flat=True).first()


def may_have_a_coupon() -> list[Need]:
    if _pool_for_reviews():
        return []
    words = gettext("With a coupon pool whose name has “review” in it, the thank-you carries a coupon.")
    return [Need(words, "/coupons/new/", gettext("Make a coupon pool"), is_extra=True)]


def goes_with() -> dict[str, Any]:
    """Shows what others took with it, at most once a month."""
    return {
        "entry": {"event": "Order Completed"},
        "reentry": {"after_days": 30},
        "exit": [{"event": ["Order Cancelled", "Order Refunded"]}],
        "steps": [wait(days=5), morning(), send("goes-with")],
    }


def nps() -> dict[str, Any]:
    """Asks the one question; who is content is thanked, who is not gets an answer and a colleague's eye."""
    return {
        "entry": {"event": "Order Completed"},
        "reentry": {"after_days": 180},
        "exit": [{"event": ["Order Cancelled", "Order Refunded"]}],
        "steps": [
            wait(days=21),
            morning(),
            send("nps"),
            unless(
                ANSWERED,
                {"days": 10},
                where=[{"property": "scale", "op": "is", "value": "score"}],
                came=[branch(_said("lte", 6), yes=_recovery(), no=[_thanks()])],
                late=[],
            ),
        ],
    }


def _recovery() -> list[dict[str, Any]]:
    question = {"question": str(_("Not content with us. Taken care of?")), "within": {"days": 3}}
    return [send("nps-sorry"), {"ask": question, "ways": {"yes": [], "no": [], "late": []}}]


def _thanks() -> dict[str, Any]:
    return branch(_said("gte", 9), yes=[send("nps-thanks")], no=[])


def _said(op: str, score: int) -> dict[str, Any]:
    """Whether one of the latest answers is such a score."""
    where = [{"property": "scale", "op": "is", "value": "score"}, {"property": "score", "op": op, "value": score}]
    return {"event": ANSWERED, "where": where, "within": {"days": 11}}


RECIPES = [
    Recipe(
        "order-thanks",
        "check",
        _("Thank-you and how-to"),
        _("Thanks for each order at once, and a week later helps to get the most of it: fewer returns, more joy."),
        order_thanks,
    ),
    Recipe(
        "review-request",
        "star",
        _("Review request"),
        _("Asks for two sentences when they have had it for two weeks, and thanks whoever writes them."),
        review_request,
        needs=may_have_a_coupon,
    ),
    Recipe(
        "goes-with",
        "product",
        _("Complementary products"),
        _("Shows what others took with the same purchase, at most once a month."),
        goes_with,
    ),
    Recipe(
        "nps",
        "inbox",
        _("Recommendation score and complaint recovery"),
        _("Asks who would recommend you; thanks the content, and brings all others to a colleague at once."),
        nps,
    ),
]
