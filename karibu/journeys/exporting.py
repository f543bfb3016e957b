"""A journey as a file that another installation can take in: what it refers to stands there by its name or key.

    {"karibu": "journey", "name": "Win-back", "definition": {"entry": {"segment": "Sleeping customers"}, "steps": […]}}

The numbers of segments, journeys, campaigns and coupon pools mean something in one installation only; their names can
be looked for in another. `read` does so, and says of everything that is not there where in the file it is asked for.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Model
from django.utils.translation import gettext as _

from karibu.campaigns.models import Campaign
from karibu.journeys.definition import parse
from karibu.journeys.models import Journey
from karibu.messages import starters
from karibu.messages.models import Template
from karibu.segments.faults import DefinitionError, convert
from karibu.segments.models import Segment
from karibu.shop.models import CouponPool

KINDS: dict[str, type[Model]] = {"segment": Segment, "journey": Journey, "campaign": Campaign, "pool": CouponPool}
LARGEST = 1_000_000  # bytes of a file
MOST_FAULTS = 50


class Paper(msgspec.Struct, forbid_unknown_fields=True):
    """What stands in the file."""

    karibu: str
    name: str
    definition: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    path: str  # "$.definition.steps[1].send.template"
    sentence: str


class Unreadable(ValueError):
    """Nothing was taken in; `faults` says why, each with its path."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.sentence}" for fault in faults))
        self.faults = faults


def written(journey: Journey) -> dict[str, Any]:
    """The draft of this journey for another installation."""
    names = {kind: dict(model._default_manager.values_list("pk", "name")) for kind, model in KINDS.items()}

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {key: names[key].get(one, one) if _is_number(key, one) else named(one) for key, one in value.items()}

    return {"karibu": "journey", "name": journey.name, "definition": named(journey.definition)}


def read(raw: bytes) -> tuple[str, dict[str, Any]]:
    """Name and definition of a journey that can be made here. Raises Unreadable."""
    if len(raw) > LARGEST:
        raise Unreadable([Fault("$", _("A journey's file has at most a million bytes."))])
    try:
        decoded = msgspec.json.decode(raw)
        if "\\u0000" in json.dumps(decoded):
            raise Unreadable([Fault("$", _("There is a NUL in it, which no text can hold."))])
        return _checked(convert(decoded, Paper, "$"))
    except msgspec.DecodeError as error:
        raise Unreadable([Fault("$", _("This is no JSON: %(why)s") % {"why": error})]) from None
    except RecursionError:
        raise Unreadable([Fault("$", _("It goes too deep."))]) from None
    except DefinitionError as error:
        raise Unreadable([Fault(error.path, error.sentence)]) from None


def _checked(paper: Paper) -> tuple[str, dict[str, Any]]:
    faults: list[Fault] = []
    if paper.karibu != "journey":
        faults.append(Fault("$.karibu", _("Expected “journey”.")))
    if not 0 < len(paper.name.strip()) <= 200:
        faults.append(Fault("$.name", _("Give it a name of at most 200 letters.")))
    definition = _numbered(paper.definition, "$.definition", faults)
    faults += _missing_templates(definition)
    if not faults:
        try:
            parse(definition)
        except DefinitionError as error:
            faults.append(Fault(f"$.definition{error.path.removeprefix('$')}", error.sentence))
    if faults:
        raise Unreadable(faults[:MOST_FAULTS])
    return paper.name.strip(), definition


def _numbered(value: Any, path: str, faults: list[Fault]) -> Any:
    """The same with numbers for names; a name that is not there, or there twice, is a fault."""
    if isinstance(value, list):
        return [_numbered(one, f"{path}[{i}]", faults) for i, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _number(key, one, f"{path}.{key}", faults)
        if key in KINDS and isinstance(one, str)
        else _numbered(one, f"{path}.{key}", faults)
        for key, one in value.items()
    }


def _number(kind: str, name: str, path: str, faults: list[Fault]) -> int:
    found = KINDS[kind]._default_manager.filter(name=name)
    if kind == "segment":
        found = found.filter(archived_at=None)
    numbers = list(found.values_list("pk", flat=True)[:2])
    if len(numbers) == 1:
        return int(numbers[0])
    said = {
        "segment": (_("There is no segment “%(name)s”."), _("Several segments are called “%(name)s”.")),
        "journey": (_("There is no journey “%(name)s”."), _("Several journeys are called “%(name)s”.")),
        "campaign": (_("There is no campaign “%(name)s”."), _("Several campaigns are called “%(name)s”.")),
        "pool": (_("There is no coupon pool “%(name)s”."), _("Several coupon pools are called “%(name)s”.")),
    }[kind]
    faults.append(Fault(path, said[bool(numbers)] % {"name": name}))
    return 0


def _missing_templates(definition: Any) -> list[Fault]:
    asked = list(_templates(definition, "$.definition"))
    keys = {key for _path, key in asked}
    known = set(Template.objects.filter(key__in=keys).values_list("key", flat=True)) | set(starters.keys())
    sentence = _("There is no message template “%(key)s”.")
    return [Fault(path, sentence % {"key": key}) for path, key in asked if key not in known]


def _templates(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield from _templates(one, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "template" and isinstance(one, str):
                yield f"{path}.{key}", one
            else:
                yield from _templates(one, f"{path}.{key}")


def _is_number(key: str, value: Any) -> bool:
    return key in KINDS and type(value) is int
