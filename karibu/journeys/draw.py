"""Whom chance holds out, so that it can be said what would have come anyway.

A journey may hold out a share of those who enter: they get nothing of it, and it knows of them only that they came. A
message may skip a share of those who come to it: they go on as everybody does, without it. Chance is a hash of the
person (messages/holdout.py): nobody is ever drawn anew, and who is held out of one is not for that held out of another.
"""

from django.utils.translation import gettext as _

from karibu.messages import holdout
from karibu.segments.faults import DefinitionError

MOST = 90  # percent
KIND, HELD, LET_IN = "holdout", "held out", "let in"  # as it stands in the journey's history, before the first step


def check(percent: int, path: str) -> None:
    """Raises DefinitionError."""
    if not 0 <= percent <= MOST:
        raise DefinitionError(path, _("From 0 to %(n)s percent.") % {"n": MOST})


def is_held(customer_id: int, percent: int, journey_id: int) -> bool:
    """Whether the journey holds this person out."""
    return holdout.holds(customer_id, percent, f"journey:{journey_id}")


def is_skipped(customer_id: int, percent: int, journey_id: int, step: int) -> bool:
    """Whether the message of the step at this position skips them."""
    return holdout.holds(customer_id, percent, f"journey:{journey_id}:step:{step}")
