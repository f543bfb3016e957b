"""What a definition may say by mistake, though it can be asked: said softly beside what it finds."""

from difflib import get_close_matches

from django.utils.translation import gettext as _

from karibu.segments import columns
from karibu.segments.conditions.combined import leaves
from karibu.segments.conditions.trait import Trait
from karibu.segments.definition import Definition

MANY = 250  # conditions, each of which is some milliseconds' work before the first is asked
ALIKE = 0.7  # from 0, nothing in common, to 1, the same
SAID = 5  # traits that nobody has: to find the nearest of two thousand names takes a while for each


def hints(definition: Definition) -> list[str]:
    """Sentences: of traits that nobody has, with the nearest that somebody has; and of a great many conditions."""
    conditions = leaves(definition.tree)
    asked = dict.fromkeys(leaf.trait for leaf in conditions if isinstance(leaf, Trait))
    found = _unheard(list(asked)) if asked.keys() - columns.FIXED.keys() else []
    if len(conditions) > MANY:
        words = {"n": len(conditions)}
        found.append(
            _("To read %(n)s conditions takes a second or more: one with “is one of” stands for many.") % words
        )
    return found


def _unheard(asked: list[str]) -> list[str]:
    known = columns.trait_numbers()
    if len(known) >= columns.MOST:  # there may be others, which have no column
        return []
    folded = {_folded(one): one for one in (*columns.FIXED, *known)}
    unheard = [name for name in asked if name not in columns.FIXED and name not in known]
    said = [_said(name, folded) for name in unheard[:SAID]]
    if len(unheard) > SAID:
        said.append(_("Nobody has %(n)s more of these traits.") % {"n": len(unheard) - SAID})
    return said


def _said(name: str, folded: dict[str, str]) -> str:
    near = get_close_matches(_folded(name), folded, 1, ALIKE)
    if not near:
        return _("Nobody has a trait called “%(name)s”.") % {"name": name}
    words = {"name": name, "near": folded[near[0]]}
    return _("Nobody has a trait called “%(name)s”; there is one called “%(near)s”.") % words


def _folded(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()
