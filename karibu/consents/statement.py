"""A statement about consent, as it is recorded, and how strong each way of making one is."""

from dataclasses import dataclass
from datetime import datetime

from karibu.consents.methods import FILE, ON_BEHALF, OWN_ACT, STATES, STRENGTH, Basis, Method
from karibu.consents.models import Consent

__all__ = ["EVERYTHING", "FILE", "GIVEN", "OFFERS", "ON_BEHALF", "OWN_ACT", "PENDING", "WITHDRAWN", "Statement"]
GIVEN, WITHDRAWN, PENDING = Consent.Status.GIVEN, Consent.Status.WITHDRAWN, Consent.Status.PENDING
EVERYTHING = "*"  # as a topic: whatever this channel carries
OFFERS = "offers"  # the topic that marketing has unless it says otherwise


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One person, channel and topic: given or withdrawn, by which method, and where it can be looked up.

    `status`, `method` and `basis` are of closed sets; anything else raises ValueError.
    """

    customer_id: int
    channel: str
    status: str
    method: str
    source: str
    at: datetime
    topic: str = OFFERS
    basis: str = "consent"
    wording: str = ""
    evidence: str = ""
    import_id: int | None = None

    def __post_init__(self) -> None:
        Consent.Status(self.status), Method(self.method), Basis(self.basis)

    @property
    def strength(self) -> int:
        return STRENGTH[self.method]

    @property
    def is_state(self) -> bool:
        return self.method in STATES
