"""A statement about consent, as it is recorded, and how strong each way of making one is."""

from dataclasses import dataclass
from datetime import datetime

from karibu.consents.models import Consent

GIVEN, WITHDRAWN = Consent.Status.GIVEN, Consent.Status.WITHDRAWN
EVERYTHING = "*"  # as a topic: whatever this channel carries
OFFERS = "offers"  # the topic that marketing has unless it says otherwise

# Who speaks. The person's own act is strongest; a colleague or a program speaks about them; a file repeats old news.
OWN_ACT, ON_BEHALF, FILE = 40, 30, 10
STRENGTH = {
    "form": OWN_ACT,
    "checkout": OWN_ACT,
    "event": OWN_ACT,  # "Email Subscribed" and the like
    "one-click": OWN_ACT,  # RFC 8058
    "preference-centre": OWN_ACT,
    "complaint": OWN_ACT,
    "trait": OWN_ACT,  # a profile's "marketing_consent"; counts only when it changes
    "agent": ON_BEHALF,
    "api": ON_BEHALF,
    "import": FILE,
}
# These repeat a state with every call instead of telling of an act. What they say counts when it differs from
# what the same source said before; else each sign-in would undo an unsubscribe made since.
STATES = frozenset({"trait", "import"})


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One person, channel and topic: given or withdrawn, by which method, and where it can be looked up."""

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

    @property
    def strength(self) -> int:
        return STRENGTH[self.method]

    @property
    def is_state(self) -> bool:
        return self.method in STATES
