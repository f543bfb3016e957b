"""What may become of a message, and why: two closed sets, each member with the sentence that screens show."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """intended ─▶ held ─▶ sending ─▶ sent | failed, or refused at the gate, or cancelled by its sender."""

    INTENDED = "intended", _("Waiting")
    HELD = "held", _("Held")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    REFUSED = "refused", _("Not sent")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN = (Status.INTENDED, Status.HELD)  # the send loop looks at these when they are due
OVER = (Status.SENT, Status.REFUSED, Status.FAILED, Status.CANCELLED)
TONES = {
    Status.INTENDED: "quiet",
    Status.HELD: "warn",
    Status.SENDING: "info",
    Status.SENT: "good",
    Status.REFUSED: "quiet",
    Status.FAILED: "bad",
    Status.CANCELLED: "quiet",
}


class Reason(models.TextChoices):
    """Why a message stands where it stands. Empty text: nothing to explain."""

    # refused by the gate
    ERASED = "erased", _("The person was erased")
    NO_ADDRESS = "no_address", _("No address for this channel is known")
    BAD_ADDRESS = "bad_address", _("The address cannot be written to")
    SUPPRESSED = "suppressed", _("The address bounced, complained or was blocked by hand")
    NO_CONSENT = "no_consent", _("The person never agreed to this kind of message")
    WITHDRAWN = "withdrawn", _("The person has withdrawn their consent")
    SILENCE = "silence", _("The person asked for silence for a while")
    CART_ORDERED = "cart_ordered", _("The cart was ordered meanwhile")
    CART_EMPTIED = "cart_emptied", _("The cart was emptied meanwhile")
    TOO_LATE = "too_late", _("Its latest moment has passed")
    OUTSIDE_WINDOW = "outside_window", _("WhatsApp allows only an approved template now, and this is none")
    OUT_OF_STOCK = "out_of_stock", _("The product it is about is sold out")
    NO_COUPON = "no_coupon", _("No coupon is left for it")
    HOLDOUT = "holdout", _("The person belongs to the share that gets nothing, to compare with")
    TOO_LONG = "too_long", _("The text is longer than the channel takes")
    # held by the gate, or waiting again
    FREQUENCY = "frequency", _("Another message went to this person a short while ago")
    QUIET_HOURS = "quiet_hours", _("It is not an hour to write to people where the person is")
    PAUSED = "paused", _("The person has a complaint that is not settled yet; offers wait")
    PACE = "pace", _("As many mails as are planned for today have gone to this domain")
    RETRY = "retry", _("The server asked to try again later")
    UNREACHABLE = "unreachable", _("The server cannot be reached")
    NOT_CONNECTED = "not_connected", _("No provider is connected for this channel")
    INTERRUPTED = "interrupted", _("Interrupted before its turn came; it will be sent")
    # failed
    TEMPLATE_ERROR = "template_error", _("The template could not be filled in for this person")
    REJECTED = "rejected", _("The server refused the message for good")
    GAVE_UP = "gave_up", _("The server kept asking to try later; given up")
    UNKNOWN_OUTCOME = (
        "unknown_outcome",
        _("Interrupted during hand-over; not sent again, lest it arrive twice"),
    )
    ERROR = "error", _("Karibu stumbled over this message; its log says more")
    # cancelled
    LEFT_JOURNEY = "left_journey", _("The person left the journey")
    BY_HAND = "by_hand", _("Cancelled by a colleague")


def explain(reason: str) -> str:
    """The sentence for a reason; a reason that is no longer in the set stands for itself."""
    return str(Reason(reason).label) if reason in Reason.values else reason
