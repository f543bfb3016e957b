"""What can be done with messages. `intend` is the only way in; nothing leaves except through the gate."""

from karibu.messages.intents import Intent, intend

__all__ = ["Intent", "intend"]
