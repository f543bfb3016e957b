"""Who uses a template: upper apps say so, for the list of templates and before one is changed; and finding one."""

from collections.abc import Callable, Collection

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from karibu.messages import carriers
from karibu.messages.models import Template
from karibu.web.models import User
from karibu.web.search import Hit

Users = dict[str, list[tuple[str, str]]]
Lister = Callable[[Collection[str]], Users]
_listers: list[Lister] = []


def register(lister: Lister) -> None:
    """`lister(template keys) -> {key: [(what it is called, its address)]}`."""
    if lister not in _listers:
        _listers.append(lister)


def of(keys: Collection[str]) -> Users:
    found: Users = {}
    for lister in _listers:
        for key, users in lister(keys).items():
            found.setdefault(key, []).extend(users)
    return found


def choosable() -> QuerySet[Template]:
    """Those that a sender can choose: not the carriers of what a colleague writes to somebody, or to try a channel."""
    return Template.objects.exclude(key__in=carriers.keys())


def find(text: str, user: User) -> list[Hit]:
    """Templates by a part of their name, for the search of the top bar; for those who may open them."""
    if user.role == User.Role.AGENT:
        return []
    found = choosable().filter(name__icontains=text).order_by("name").only("name", "key", "channel")[:5]
    return [Hit(_("Templates"), one.name, f"/messages/templates/{one.key}/", "", "messages") for one in found]
