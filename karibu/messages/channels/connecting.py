"""What a channel's `account.py` declares: who carries it, what each needs, and how that is tried out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from karibu.messages.channels.http import Answer, Call, InDoubt, NotReached, ask
from karibu.messages.channels.models import Account


class CannotConnect(ValueError):
    """What the provider says is wrong, in a sentence for a colleague."""


@dataclass(frozen=True)
class Field:
    """One thing to fill in. A secret is sealed and never shown again."""

    name: str
    label: Any  # str or a lazy translation
    help: Any = ""
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True)
class Provider:
    """`check(account)` asks the provider whether the keys are right and returns what it calls the account.

    `teaches` says when to choose it; `hook` where to enter our address at the provider, or "". `opened(account)` does
    what there is to do at the provider once we are ready for its calls; it raises CannotConnect.
    """

    key: str
    label: Any
    base_url: str
    fields: tuple[Field, ...]
    check: Callable[[Account], str]
    teaches: Any = ""
    hook: Any = ""
    opened: Callable[[Account], object] | None = None


def ask_provider(call: Call) -> Answer:
    """A question to a provider while a colleague waits. Raises CannotConnect unless the answer is good."""
    try:
        answer = ask(call)
    except (NotReached, InDoubt) as error:
        raise CannotConnect(f"The provider cannot be reached: {error}.") from error
    if not answer.is_good:
        raise CannotConnect(f"The provider answers: {_words(answer.json) or f'HTTP {answer.status}'}")
    return answer


def _words(said: Mapping[str, Any]) -> str:
    """The sentence in an error, wherever providers put it."""
    error = said.get("error")
    nested = error.get("message") if isinstance(error, dict) else error
    found = said.get("message") or said.get("detail") or said.get("description") or nested or said.get("title")
    return " ".join(str(found or "").split())[:300]
