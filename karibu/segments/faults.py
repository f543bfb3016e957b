"""What is wrong with a definition, and where in it."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class DefinitionError(ValueError):
    """`path` is a JSON path such as `$.steps[1].wait.hours`; `sentence` says what is wrong there."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}")
        self.path, self.sentence = path, sentence


def convert(raw: Any, into: type[T], path: str) -> T:
    """`raw` as `into`; raises DefinitionError with msgspec's own path set below `path`."""
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as error:
        sentence, _, below = str(error).partition(" - at `$")
        raise DefinitionError(path + below.rstrip("`"), sentence) from None
