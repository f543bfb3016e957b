"""Who gets which template, and who is held out: by a hash of the customer and the campaign's salt.

The same person always falls into the same place of the same campaign, whoever asks and however often, and into an
independent one of the next: nobody is always the one who is held out.
"""

import hashlib

from karibu.campaigns.models import HOLDOUT, REST, Campaign

STEPS = 2**32


def place(salt: str, customer_id: int) -> float:
    """0 ≤ place < 1, spread evenly."""
    return int.from_bytes(hashlib.blake2b(f"{salt}:{customer_id}".encode(), digest_size=4).digest(), "big") / STEPS


def arm(campaign: Campaign, customer_id: int) -> int:
    """HOLDOUT, REST (gets the winner), or the index of a template."""
    held = campaign.holdout / 100
    at = place(campaign.salt, customer_id)
    if at < held:
        return HOLDOUT
    at = (at - held) / (1 - held)
    share = (campaign.test_share or 0) / 100 if campaign.has_test else 1.0
    return int(at / share * len(campaign.templates)) if at < share else REST
