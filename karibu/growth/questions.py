"""What a form can ask beside the address."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Question:
    """`name` is the trait that an answer becomes; `kind` and `fill` are those of an HTML input."""

    name: str
    label: Any
    kind: str = "text"
    fill: str = "off"


QUESTIONS = {
    one.name: one
    for one in (
        Question("first_name", _("First name"), fill="given-name"),
        Question("last_name", _("Last name"), fill="family-name"),
        Question("phone", _("Phone"), "tel", "tel"),
        Question("city", _("City"), fill="address-level2"),
        Question("birthday", _("Birthday"), "date", "bday"),
        Question("size", _("Size")),
        Question("interests", _("What do you look for?")),
    )
}
