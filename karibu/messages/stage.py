"""Which message brought a visitor: k.js hands back the signed reference that our redirect gave the browser."""

from karibu.events.batch import Batch
from karibu.messages.tokens import read_reference


def name_messages(batch: Batch) -> None:
    """Sets `message` of each event whose context carries a reference that we signed; anything else is ignored."""
    for event in batch.events:
        if event.is_context_plain or b'"message"' not in event.context_json:
            continue
        reference = event.context.get("message")
        if reference and isinstance(reference, str) and event.message is None:
            event.message = read_reference(reference)
