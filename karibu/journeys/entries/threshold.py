"""A prediction that crosses a threshold brings people in. Upper apps predict; this is where they say so.

threshold.register("churn", _("likelihood to leave"))            in AppConfig.ready()
doors.predicted(cursor, "churn", [(customer, 0.55, 0.81)], at)   in the transaction that writes the scores
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from karibu.segments.faults import DefinitionError

_known: dict[str, str | Promise] = {}


def register(name: str, label: str | Promise) -> None:
    """`name` is that of segments.columns.register_prediction()."""
    _known[name] = label


def predictions() -> Mapping[str, str | Promise]:
    return _known


class Threshold(msgspec.Struct, forbid_unknown_fields=True):
    """Who was on the other side of `value` (or unknown) before, and is on this side now."""

    name: str
    op: Literal["gte", "lte"]
    value: float

    def check(self, path: str) -> None:
        if not self.name.strip():
            raise DefinitionError(f"{path}.name", _("Name the prediction."))
        if not abs(self.value) < 1e15:
            raise DefinitionError(f"{path}.value", _("Expected a number."))

    def holds(self, score: float | None) -> bool:
        if score is None:
            return False
        return score >= self.value if self.op == "gte" else score <= self.value

    def crossed(self, before: float | None, after: float | None) -> bool:
        return self.holds(after) and not self.holds(before)

    def sentence(self) -> str:
        said = _("has a %(what)s that rises to %(value)s or more")
        if self.op == "lte":
            said = _("has a %(what)s that falls to %(value)s or less")
        return said % {"what": _known.get(self.name, self.name.replace("_", " ")), "value": f"{self.value:g}"}
