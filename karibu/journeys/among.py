"""Any condition of a segment, asked of the few people who stand somewhere in a journey."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from karibu.journeys.steps.base import Group
from karibu.segments import definition, run
from karibu.segments.faults import DefinitionError


def check(condition: Mapping[str, Any], path: str) -> None:
    """Raises DefinitionError for one that cannot be asked."""
    try:
        definition.parse(condition)
    except DefinitionError as error:
        raise DefinitionError(f"{path}{error.path.removeprefix('$')}", error.sentence) from None


def check_use(condition: Mapping[str, Any], path: str) -> None:
    """Raises DefinitionError for one that speaks of what is not there (a segment in the archive)."""
    asked = run.resolve(definition.parse(condition))
    if asked.unknown:
        raise DefinitionError(path, asked.unknown[0])


def members(condition: Mapping[str, Any], customer_ids: Collection[int], now: datetime) -> set[int]:
    """Who of these meets it now; nobody, where a segment that it names is gone."""
    meant = run.resolve(definition.parse(condition))
    return set(run.members(meant, now=now, among=sorted(set(customer_ids)))["id"].to_pylist())


def inside(condition: Mapping[str, Any], group: Group) -> set[int]:
    """The runs of those who meet it when they stand there."""
    if group.past:
        met = group.past.meets(condition, group.travellers)
        return {traveller.id for traveller, does in zip(group.travellers, met, strict=True) if does}
    people = members(condition, [traveller.customer_id for traveller in group.travellers], group.now)
    return {traveller.id for traveller in group.travellers if traveller.customer_id in people}
