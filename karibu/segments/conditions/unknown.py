"""A condition that this version cannot judge: neither it nor its denial holds for anybody, and it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from django.utils.translation import gettext as _

from karibu.segments.conditions.base import Condition, Names, Needs
from karibu.segments.scope import unknown

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue

    from karibu.segments.scope import Scope


class Unknown(Condition, frozen=True):
    """`reason` is a sentence for people; `written` is what the definition says there."""

    KIND: ClassVar[str] = ""

    reason: str
    written: dict[str, Any] = msgspec.field(default_factory=dict)

    def said(self, denied: bool, names: Names) -> str:
        return _("of whom nobody knows (%(reason)s)") % {"reason": self.reason}

    def needs(self) -> Needs:
        return Needs()

    def raw(self) -> dict[str, Any]:
        return self.written

    def holds(self, scope: Scope, denied: bool) -> BooleanValue:
        return unknown()
