"""Templates that only carry what a colleague writes: to somebody (personal.py), or to try a channel (trying.py).

Their keys hold the kind of channel; no name of a template makes such a key (wording.free_key).
"""

from karibu.messages import channels

WORDS, TEST = "_words-{}", "_test-{}"


def keys() -> list[str]:
    return [key.format(kind) for key in (WORDS, TEST) for kind in channels.KINDS]
