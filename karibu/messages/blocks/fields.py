"""What can be filled in of a block: each field reads its own value, and says what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

LONGEST = 20_000
Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Field:
    """`kind`: line, text, code, url, picture, products, choice, number or tick; what the form draws for it."""

    name: str
    label: Any
    kind: str = "line"
    default: Any = ""
    help: Any = ""
    choices: Choices = ()
    least: int = 0
    most: int = 0

    def start(self) -> Any:
        """What stands in it in a new block."""
        return self.read(self.default if self.kind == "tick" else None)

    def read(self, value: object) -> Any:
        """The value as it is kept. Raises ValueError with a sentence."""
        return _READ.get(self.kind, _words)(self, value)


def _words(field: Field, value: object) -> str:
    text = str(value if value is not None else field.default)
    if len(text) > LONGEST:
        raise ValueError(_("This may have %(n)s letters.") % {"n": LONGEST})
    return text if field.kind in ("text", "code") else " ".join(text.split())


def _choice(field: Field, value: object) -> str:
    known = [key for key, _label in field.choices]
    if value in (None, ""):
        return str(field.default)
    if value not in known:
        raise ValueError(_("Choose one of: %(all)s.") % {"all": ", ".join(known)})
    return str(value)


def _number(field: Field, value: object) -> int:
    try:
        number = int(str(value if value not in (None, "") else field.default))
    except ValueError:
        raise ValueError(_("This is no whole number.")) from None
    if not field.least <= number <= field.most:
        raise ValueError(_("Between %(least)s and %(most)s.") % {"least": field.least, "most": field.most})
    return number


def _tick(field: Field, value: object) -> bool:
    return value in (True, "on", "true", "1")


def _products(field: Field, value: object) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").replace("\n", ",").split(",")
    found = [str(part).strip() for part in parts if str(part).strip()]
    return list(dict.fromkeys(found))[:12]


_READ: dict[str, Callable[[Field, object], Any]] = {
    "choice": _choice,
    "number": _number,
    "tick": _tick,
    "products": _products,
}
