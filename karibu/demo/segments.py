"""Some ready-made segments of the sample shop, so that its people are in groups from the first minute on."""

from karibu.segments import actions

SHOWN = (
    "vip",
    "one-time-buyers",
    "lapsed-90",
    "cart-abandoners",
    "window-shoppers",
    "second-order-due",
    "searchers",
)


def make_segments() -> None:
    for key in SHOWN:
        actions.adopt(key, by="sample shop")
