"""Changing a draft: steps put in, taken out, moved and copied, by where they stand.

An address is the way down to a step: `(0, "yes", 1)` is the second step on the way "yes" of the first. Nothing here
changes what it is given, and nothing is checked: the caller saves through actions.edit(), which does.
"""

from collections.abc import Mapping
from typing import Any

from karibu.journeys import ids
from karibu.journeys.layout import Address

Raw = dict[str, Any]


def insert(definition: Mapping[str, Any], address: Address, step: Raw) -> Raw:
    """Puts `step` in before what stands at the address, or behind the last. Raises LookupError."""
    changed, steps, index = _opened(definition, address)
    if not 0 <= index <= len(steps):
        raise LookupError(address)
    steps.insert(index, {"id": ids.fresh(), **step})
    return changed


def replace(definition: Mapping[str, Any], address: Address, settings: Raw) -> Raw:
    """Gives the step new settings (`{"wait": {...}}`); its ways and its id stay. Raises LookupError."""
    changed, steps, index = _opened(definition, address)
    kept = {name: value for name, value in _there(steps, index).items() if name in ("id", "ways")}
    steps[index] = {**settings, **kept}
    return changed


def remove(definition: Mapping[str, Any], address: Address) -> Raw:
    """With everything on its ways. Raises LookupError."""
    changed, steps, index = _opened(definition, address)
    _there(steps, index)
    del steps[index]
    return changed


def move(definition: Mapping[str, Any], address: Address, by: int) -> Raw:
    """Up (-1) or down (1) among its neighbours; at an end it stays. Raises LookupError."""
    changed, steps, index = _opened(definition, address)
    step = _there(steps, index)
    del steps[index]
    steps.insert(max(0, min(len(steps), index + by)), step)
    return changed


def relocate(definition: Mapping[str, Any], source: Address, target: Address) -> Raw:
    """With everything on its ways, before what stands at the target, or behind the last there; into itself it cannot
    go, and stays. Raises LookupError."""
    changed, steps, index = _opened(definition, source)
    step = _there(steps, index)
    if target[: len(source)] == source:
        return changed
    into, place = _list(changed, target)
    if not 0 <= place <= len(into):
        raise LookupError(target)
    del steps[index]
    into.insert(place - (into is steps and place > index), step)
    return changed


def copy(definition: Mapping[str, Any], address: Address) -> Raw:
    """A second one behind it, with everything on its ways. Raises LookupError."""
    changed, steps, index = _opened(definition, address)
    steps.insert(index + 1, ids.forgotten(_there(steps, index)))
    return ids.kept(changed, {})


def _opened(definition: Mapping[str, Any], address: Address) -> tuple[Raw, list[Any], int]:
    """A copy of the definition, and in it the list that the address leads to, with the place in that list."""
    changed = ids.named(definition)
    return changed, *_list(changed, address)


def _list(changed: Raw, address: Address) -> tuple[list[Any], int]:
    """The list that the address leads to, with the place in it."""
    steps: list[Any] = changed["steps"]
    for index, way in zip(address[:-1:2], address[1::2], strict=True):
        steps = _there(steps, index).setdefault("ways", {}).setdefault(way, [])
    last = address[-1]
    if not isinstance(last, int):
        raise LookupError(address)
    return steps, last


def _there(steps: list[Any], index: int | str) -> Raw:
    if not isinstance(index, int) or not 0 <= index < len(steps):
        raise LookupError(index)
    found: Raw = steps[index]
    return found
