"""JSON that somebody else wrote: read so that it can be kept, whatever they wrote."""

import json
import math
from typing import Any


def read_json(text: str | bytes) -> Any:
    """What it says, `cleaned`. Raises ValueError for what is no JSON, and for what is nested too deeply to be read."""
    try:
        return cleaned(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def cleaned(value: Any) -> Any:
    """The same as strict JSON that PostgreSQL can store: NaN becomes null, NUL characters go, half a surrogate pair (a
    text that was cut in an emoji) becomes U+FFFD. Raises RecursionError for what is nested too deeply.
    """
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {cleaned(key): cleaned(child) for key, child in value.items()}
    if isinstance(value, list):
        return [cleaned(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
