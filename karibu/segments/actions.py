"""What a colleague or the API does with a segment. Each is one transaction with its line in the audit log."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from karibu.events.wake import wake
from karibu.segments import membership, queries
from karibu.segments.definition import Definition, parse
from karibu.segments.faults import DefinitionError
from karibu.segments.models import ROOM, Segment
from karibu.segments.recipes import RECIPES
from karibu.web.actions import record

NAMES = (0x6B73, 2)  # an advisory lock: one name is given at a time (live.py has the first of this namespace)


class NameTaken(ValueError):
    """`other` is called so already; two live segments of one name could not be told apart where one is chosen."""

    def __init__(self, other: Segment) -> None:
        said = _("There is a segment called “%(name)s” already: give this one another name.")
        super().__init__(said % {"name": other.name})
        self.other = other


def create(name: str, definition: dict[str, Any], *, by: str, recipe: str = "") -> Segment:
    """A segment that is live from now on: its members are found within seconds. Raises DefinitionError, NameTaken."""
    parsed, name, now = parse(definition), _named(name), timezone.now()
    with transaction.atomic():
        _claim(name)
        segment = Segment.objects.create(
            name=name, definition=parsed.raw, recipe=recipe, created_at=now, updated_at=now, created_by=by
        )
        record(by, "created segment", f"segment {segment.pk}", name=segment.name)
        wake("segments")
    return segment


def adopt(key: str, *, by: str) -> Segment:
    """The shop's own segment of this ready-made one; where there is none it is made, under a name that is free."""
    ready = RECIPES[key]
    with transaction.atomic():
        _hold_names()
        name = queries.free_name(str(ready.name))
        return queries.of_recipe(key) or create(name, ready.definition(), by=by, recipe=key)


def change(segment: Segment, *, by: str, name: str | None = None, definition: dict[str, Any] | None = None) -> Segment:
    """Renames it or says anew who belongs to it. A new definition is found anew as a whole; until then the members are
    those of the old one. Raises DefinitionError, also for a segment that would contain itself, and NameTaken.
    """
    parsed = None if definition is None else parse(definition)
    with transaction.atomic():
        if name is not None:
            _hold_names()
        segment = Segment.objects.select_for_update().get(pk=segment.pk)
        if name is not None and (wanted := _named(name)) != segment.name:
            _claim(wanted, but=segment.pk)
            segment.name = wanted
        if parsed is not None and parsed.raw != segment.definition:
            _keep_out_of_itself(segment, parsed)
            segment.definition, segment.trouble, segment.built_digest = parsed.raw, "", ""
        segment.updated_at = timezone.now()
        segment.save(update_fields=["name", "definition", "trouble", "built_digest", "updated_at"])
        record(by, "changed segment", f"segment {segment.pk}", name=segment.name, redefined=parsed is not None)
        wake("segments")
    return segment


def archive(segment: Segment, *, by: str) -> Segment:
    """Everybody leaves it, and nobody enters any more; its name, definition and sizes stay."""
    with transaction.atomic():
        segment = Segment.objects.select_for_update().get(pk=segment.pk)
        if segment.archived_at is None:
            membership.empty(segment.pk)
            segment.archived_at = segment.updated_at = timezone.now()
            segment.size, segment.built_digest = None, ""
            segment.save(update_fields=["archived_at", "updated_at", "size", "built_digest"])
            record(by, "archived segment", f"segment {segment.pk}", name=segment.name)
            wake("segments")
    return segment


def restore(segment: Segment, *, by: str) -> Segment:
    """Takes it out of the archive: its members are found anew. Where another has its name by now, it gets a number."""
    with transaction.atomic():
        _hold_names()
        segment = Segment.objects.select_for_update().get(pk=segment.pk)
        if segment.archived_at is not None:
            segment.name = queries.free_name(segment.name)
            segment.archived_at, segment.updated_at = None, timezone.now()
            segment.save(update_fields=["name", "archived_at", "updated_at"])
            record(by, "restored segment", f"segment {segment.pk}", name=segment.name)
            wake("segments")
    return segment


def _named(name: str) -> str:
    """What is stored as the name; never empty, so that lists have something to click on."""
    return " ".join(name.replace("\0", "").split())[:ROOM] or _("Segment without a name")


def _hold_names() -> None:
    """Until the end of the transaction nobody else gives a segment a name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", NAMES)


def _claim(name: str, but: int = 0) -> None:
    """Raises NameTaken where another live segment than `but` is called so, in whatever case."""
    _hold_names()
    if other := queries.called(name).exclude(pk=but).first():
        raise NameTaken(other)


def _keep_out_of_itself(segment: Segment, wanted: Definition) -> None:
    """Raises DefinitionError where `segment` would be a part of itself, however many segments lie between."""

    def looked_up(number: int) -> Mapping[str, Any] | None:
        if number == segment.pk:
            raise DefinitionError("$", _("This segment would contain itself."))
        return queries.definition_of(number)

    wanted.resolved(looked_up)
