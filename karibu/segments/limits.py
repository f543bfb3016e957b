"""What a definition may weigh at most, looked at before anything else touches it: no recursion, whatever comes."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from karibu.segments.faults import DefinitionError

DEPTH = 20  # of all, any and not inside each other
CONDITIONS = 500
CONDITIONS_TOGETHER = 2_000  # with those of the segments that it names
GROUPS = 1_000  # `all`, `any` and `not`
GROUPS_TOGETHER = 4_000
VALUES = 1_000  # of one list
TEXT = 500  # characters
NUMBER = 10**15  # either way; whole numbers up to here are exact in every engine
PARTS = 100_000  # texts, numbers, lists and objects in all
Trail = tuple["Trail", str] | None  # a path, the last name first: of a hundred thousand only a wrong one is written out
_LEVELS = 2 * DEPTH + 12  # of objects and lists: two for each `all`, some for what a condition says


def check(raw: object) -> None:
    """Raises DefinitionError for what is too deep, too long or no JSON."""
    waiting: list[tuple[object, Trail, int]] = [(raw, None, 0)]
    seen = 0
    while waiting:
        value, trail, level = waiting.pop()
        seen += 1
        if seen + len(waiting) > PARTS:
            raise DefinitionError("$", _("This definition is too long."))
        if level > _LEVELS:
            raise too_deep(_path(trail))
        if isinstance(value, dict | list):
            waiting += [(part, (trail, name), level + 1) for part, name in _parts(value, trail)]
        else:
            _check_plain(value, trail)


def _path(trail: Trail) -> str:
    names = []
    while trail:
        trail, name = trail
        names.append(name)
    return "".join(["$", *reversed(names)])


def too_deep(path: str) -> DefinitionError:
    # A path of hundreds of levels helps nobody.
    return DefinitionError(path[:200], _("This is nested too deep: at most %(n)s levels.") % {"n": DEPTH})


def _parts(value: "dict[object, object] | list[object]", trail: Trail) -> Iterator[tuple[object, str]]:
    if isinstance(value, list):
        yield from ((part, f"[{i}]") for i, part in enumerate(value))
        return
    for name, part in value.items():
        if not isinstance(name, str):
            raise DefinitionError(_path(trail), _("Names must be text."))
        _check_text(name, trail)
        yield part, f".{name}"


def _check_plain(value: object, trail: Trail) -> None:
    if isinstance(value, str):
        _check_text(value, trail)
    elif isinstance(value, int | float):
        if not abs(value) <= NUMBER:  # nor NaN
            raise DefinitionError(_path(trail), _("This number is too large: at most 10¹⁵ either way."))
    elif value is not None:
        raise DefinitionError(_path(trail), _("Expected a text, a number, a list or an object."))


def _check_text(text: str, trail: Trail) -> None:
    if len(text) > TEXT:
        raise DefinitionError(_path(trail), _("This text is too long: at most %(n)s characters.") % {"n": TEXT})
    if "\0" in text or not _is_unicode(text):
        raise DefinitionError(_path(trail), _("This text has characters that no text may have."))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
