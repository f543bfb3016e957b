"""The names that Liquid may ask for: what facts there are, and which of a template's names are none of them."""

from liquid.exceptions import LiquidError

from karibu.messages import sandbox

_ITEM = "product_id name variant brand category price currency quantity total url image_url"
# A root whose parts anybody may add to (traits, the event's own properties) ends in ".*".
FACTS: dict[str, str] = {
    "customer": "*",
    "event": "*",
    "shop": "name address url currency",
    "cart": f"id items value currency url {_ITEM}",
    "order": f"id items value total currency placed_at url {_ITEM}",
    "orders": "*",
    "product": _ITEM + " old_price",
    "products": "*",
    "recommendations": "*",
    "catalogue": "*",
    "coupon": "",
    "subject": "",
    "is_marketing": "",
    "unsubscribe_url": "",
    "web_view_url": "",
    "score_url": "",  # a survey's page (survey.py)
    "stars_url": "",
    "preferences_url": "",
    "confirm_url": "",
    "code": "",  # of a coupon that a form promised
    "topics": "*",
    "wording": "",
    "cart_id": "",
    "order_id": "",
    "product_id": "",
    "query": "",  # what somebody searched for
    "price_before": "",  # of what costs less now
    "price_now": "",
    "currency": "",
}
_PERSON = "first_name last_name name email phone country city language birthday"
KNOWN = [
    *FACTS,
    *(f"{root}.{part}" for root, parts in FACTS.items() for part in parts.split() if part != "*"),
    *(f"customer.{part}" for part in _PERSON.split()),
]
_SIZES = frozenset({"size", "first", "last"})


def unknown(source: str) -> list[str]:
    """The names in this Liquid that no fact has, each once."""
    try:
        found = sandbox.TEXT.from_string(source).analyze().globals
    except LiquidError:
        return []
    paths = [str(variable).split("[")[0] for variables in found.values() for variable in variables]
    return [path for path in dict.fromkeys(paths) if not _is_known(path)]


def _is_known(path: str) -> bool:
    root, _dot, rest = path.partition(".")
    if root.startswith("karibu_") or root not in FACTS:
        return root.startswith("karibu_")
    part = rest.split(".")[0]
    parts = FACTS[root].split()
    if root == "customer" and part in _TYPOS:
        return False
    return not part or part in _SIZES or "*" in parts or part in parts


# A customer has whatever traits the shop sends; these are meant for one that is always called otherwise.
_TYPOS = frozenset({"firstname", "frist_name", "fist_name", "first_nam", "fisrt_name", "lastname", "e_mail", "mail"})
