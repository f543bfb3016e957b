"""How much one rendering of a template may do. What goes beyond raises LiquidError."""

from decimal import Decimal
from typing import Any

from liquid.exceptions import LiquidValueError

ITERATIONS, OUTPUT, NAMESPACE = 10_000, 500_000, 500_000  # loop steps; bytes printed; bytes assigned
SECONDS = 0.25  # of this thread's processor; a usual mail takes a thousandth
STEPS = 8  # between two looks at the clock
COMPARED = 1000  # entries of a list that are compared each with each
FIGURES = 4096  # bits of a whole number
MOST = Decimal(10) ** 18  # of money


def checked(value: object, token: Any) -> object:
    """What a filter takes and gives, where it is not too long."""
    if isinstance(value, str) and len(value) > OUTPUT:
        raise LiquidValueError(f"a text may have {OUTPUT} letters", token=token)
    if isinstance(value, list | tuple) and len(value) > ITERATIONS:
        raise LiquidValueError(f"a list may have {ITERATIONS} entries", token=token)
    if isinstance(value, int) and value.bit_length() > FIGURES:
        raise LiquidValueError("the number is too large", token=token)
    return value


def checked_range(found: range, token: Any = None) -> range:
    try:
        length = len(found)
    except OverflowError:
        length = ITERATIONS + 1
    if length > ITERATIONS:
        raise LiquidValueError(f"a range may have {ITERATIONS} steps", token=token)
    return found


def too_slow() -> LiquidValueError:
    return LiquidValueError(f"the template takes longer than {SECONDS} s to fill in", token=None)
