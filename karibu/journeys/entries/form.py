"""A sign-up form brings people in. The forms belong to an upper app, which says here which there are."""

from collections.abc import Callable, Mapping

FORM_SUBMITTED = "Form Submitted"
Lister = Callable[[], Mapping[str, str]]
_lister: Lister | None = None


def register(lister: Lister) -> None:
    """`lister() -> {slug: name}` of every form that there is."""
    global _lister
    _lister = lister


def forms() -> Mapping[str, str]:
    return _lister() if _lister else {}
