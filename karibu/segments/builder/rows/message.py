"""Was sent: what became of the messages to a customer."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from karibu.segments.builder.controls import Control, grouped, select
from karibu.segments.builder.known import Known
from karibu.segments.builder.rows import window
from karibu.segments.builder.tree import Row

KIND, LABEL = "message", _("was sent")
DID = (
    ("received", _("received it")),
    ("opened", _("opened it")),
    ("clicked", _("clicked in it")),
    ("bounced", _("had it bounce")),
    ("not received", _("did not receive one")),
    ("not opened", _("did not open one")),
    ("not clicked", _("did not click in one")),
    ("not bounced", _("had none bounce")),
)
BY = ("journey", "campaign", "template", "channel")


def read(raw: dict[str, Any]) -> Row | None:
    said, span = raw.get("message"), window.read(raw)
    if not isinstance(said, dict) or span is None:
        return None
    denied = "not " if raw.get("not") is True else ""
    fields = {"did": f"{denied}{said.get('did', '')}", **span}
    if by := next((name for name in BY if name in said), None):
        fields["by"] = f"{by}:{said[by]}"
    return Row(KIND, fields)


def write(row: Row) -> dict[str, Any]:
    by, _colon, which = row.get("by").partition(":")
    chosen: dict[str, Any] = {by: int(which) if by != "channel" and which.isdigit() else which} if by else {}
    denied, _space, did = row.get("did", "received").rpartition(" ")
    return {"message": {**chosen, "did": did}, **window.write(row), **({"not": True} if denied else {})}


def controls(row: Row, known: Known) -> list[Control]:
    return [
        grouped("by", _("Which message"), row.get("by"), known.message_groups()),
        select("did", _("What became of it"), row.get("did", "received"), DID),
        *window.controls(row),
    ]


def settle(row: Row, known: Known) -> None:
    """Nothing depends on the data."""
