"""What the linter points at in a campaign's templates. The check asks at each change of the form, and looking through
five languages of three templates takes a second: so what was found is kept until a template or the shop changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone, translation

from karibu.messages import facts, lint
from karibu.messages.models import Template
from karibu.messages.wording import spoken

MOST, FRESH = 200, timedelta(minutes=5)  # pictures of products change, too
_kept: dict[tuple[Any, ...], "Found"] = {}


@dataclass(frozen=True)
class Found:
    """What is pointed at in one template, the worst first."""

    all: list[lint.Finding]

    @property
    def urgent(self) -> list[lint.Finding]:
        return [one for one in self.all if one.severity != lint.HINT]

    @property
    def hints(self) -> list[lint.Finding]:
        return [one for one in self.all if one.severity == lint.HINT]


def findings(templates: Iterable[Template]) -> list[tuple[Template, Found]]:
    """Of each template in all its languages; those in which nothing is to be pointed at are left out."""
    return [(template, found) for template in templates if (found := _found(template)).all]


def _found(template: Template) -> Found:
    key = _key(template)
    if key not in _kept:
        if len(_kept) >= MOST:
            _kept.clear()
        said = [finding for one in spoken(template) for finding in lint.check(one)]
        _kept[key] = Found(lint.ranked(said))
    return _kept[key]


def _key(template: Template) -> tuple[Any, ...]:
    shop = facts.the_shop()
    wordings = template.wordings.order_by("language").values_list("language", "updated_at")
    own = (template.pk, template.version, template.updated_at, *wordings)
    now = int(timezone.now().timestamp() // FRESH.total_seconds())
    return (*own, shop.name, shop.address, shop.url, translation.get_language(), now)
