"""Which step is which across versions: each has an `id` of its own that it keeps wherever it is moved.

A definition that somebody wrote by hand needs none: a step without is called by where it stands ("2.yes.1"), and keeps
that name from the first change on.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Raw = dict[str, Any]
Address = tuple[int | str, ...]


def of(step: Mapping[str, Any], address: Address) -> str:
    """What this step is called."""
    return str(step.get("id") or ".".join(str(part + 1) if isinstance(part, int) else part for part in address))


def fresh() -> str:
    return secrets.token_hex(4)


def named(definition: Mapping[str, Any]) -> Raw:
    """A copy of the definition with every step's id written down."""
    return _filled(definition, of)


def kept(definition: Mapping[str, Any], before: Mapping[str, Any]) -> Raw:
    """A copy of the definition in which the steps of `before` are called what they were; an id that says no more than
    where the step stands is left out.

    A step that comes without an id and says what a step of `before` said is that step; any other is new.
    """
    carried = {step.get("id") for step, _address in _walk(definition["steps"])}
    there = [(of(step, address), _bare(step)) for step, address in _walk(before.get("steps", []))]
    left = [(name, said) for name, said in there if name not in carried]

    def name_of(step: Mapping[str, Any], _address: Address) -> str:
        if "id" in step:
            return str(step["id"])
        match = next((pair for pair in left if pair[1] == _bare(step)), None)
        if match is None:
            return fresh()
        left.remove(match)
        return match[0]

    filled = _filled(definition, name_of)
    for step, address in _walk(filled["steps"]):
        if step["id"] == of({}, address):
            del step["id"]
    return filled


def forgotten(step: Mapping[str, Any]) -> Raw:
    """A copy of the step without any id, its ways' included."""
    copy: Raw = _copied(step)
    for one, _address in _walk([copy]):
        one.pop("id", None)
    return copy


def _filled(definition: Mapping[str, Any], name_of: Callable[[Raw, Address], str]) -> Raw:
    filled: Raw = _copied(definition)
    for step, address in list(_walk(filled.get("steps", []))):
        step["id"] = name_of(step, address)
    return filled


def _copied(value: Any) -> Any:
    """A copy in which nothing stands twice: a step that was written once and used in two places becomes two."""
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _bare(step: Mapping[str, Any]) -> Raw:
    return {kind: settings for kind, settings in step.items() if kind not in ("id", "ways")}


def _walk(steps: list[Raw], above: Address = ()) -> Iterator[tuple[Raw, Address]]:
    for index, step in enumerate(steps):
        yield step, (*above, index)
        for way, within in step.get("ways", {}).items():
            yield from _walk(within, (*above, index, way))
